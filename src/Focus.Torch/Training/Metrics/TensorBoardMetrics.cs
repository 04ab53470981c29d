namespace Focus;

/// <summary>Writes a run's steps for TensorBoard.</summary>
internal sealed class TensorBoardMetrics : IDisposable
{
    private readonly TensorBoardFile file;

    /// <summary>Starts an event file in a folder, to continue after a step, or for a new run after step 0: what earlier files hold of
    /// later steps, TensorBoard then leaves out.</summary>
    public TensorBoardMetrics(string folder, long step)
    {
        file = new TensorBoardFile(folder);
        file.WriteRestart(step + 1);
    }

    public void Write(Gpt2Progress step)
        => file.WriteScalars(step.Step,
            from scalar in Scalars(step)
            where scalar.Value is not null
            select (scalar.Name, (float)scalar.Value!));

    public void Dispose() => file.Dispose();

    private static IEnumerable<(string Name, double? Value)> Scalars(Gpt2Progress step) =>
    [
        ("training/loss", step.Loss),
        ("training/learning_rate", step.LearningRate),
        ("training/gradient_norm", step.GradientNorm),
        ("training/clipped_share", step.ClippedShare),
        ("training/loss_scale", step.LossScale),
        ("training/skipped_steps", step.LossScale is null ? null : step.SkippedSteps),
        ("speed/tokens_per_second", step.TokensPerSecond),
        ("speed/model_flops_utilization", step.ModelFlopsUtilization),
        ("evaluation/train_loss", step.Evaluation?.TrainLoss),
        ("evaluation/validation_loss", step.Evaluation?.ValidationLoss),
        ("evaluation/parameter_norm", step.Evaluation?.ParameterNorm),
        ("evaluation/momentum_norm", step.Evaluation?.MomentumNorm),
    ];
}
