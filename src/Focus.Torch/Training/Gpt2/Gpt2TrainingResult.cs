namespace Focus;

/// <summary>The outcome of a GPT-2 training run.</summary>
/// <param name="Steps">Steps taken, those before the run was resumed included; fewer than asked for where it was cancelled.</param>
/// <param name="Loss">The mean loss of the last step's micro-batches before its update, in nats per token, or NaN where no step was
/// taken.</param>
/// <param name="Cancelled">Whether the run was cancelled.</param>
/// <param name="Evaluation">The evaluation after the last step, or null where the run was cancelled first.</param>
/// <param name="BestValidationLoss">The lowest validation loss of all evaluations, or null where there was none.</param>
/// <param name="ClippedSteps">How many steps' gradients were clipped.</param>
/// <param name="SkippedSteps">How many steps were skipped because gradients overflowed in float16.</param>
public sealed record Gpt2TrainingResult(
    long Steps, double Loss, bool Cancelled, Gpt2Evaluation? Evaluation, double? BestValidationLoss, long ClippedSteps, long SkippedSteps);
