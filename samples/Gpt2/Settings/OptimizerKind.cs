namespace Gpt2Sample;

/// <summary>The optimizers a run can choose from.</summary>
internal enum OptimizerKind
{
    Focus,
    Signum,
    AdamW,
}
