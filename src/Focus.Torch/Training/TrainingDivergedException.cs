namespace Focus;

/// <summary>A training run whose loss is no longer a finite number.</summary>
/// <param name="step">The step, counted from 1, whose loss it was.</param>
/// <param name="loss">The loss: NaN or infinite.</param>
public sealed class TrainingDivergedException(long step, double loss) : Exception(
    $"Training diverged: the loss is {loss} at step {step}. A smaller learning rate or a warm-up usually helps; check the features for extreme values, too.")
{
    /// <summary>The step, counted from 1.</summary>
    public long Step { get; } = step;

    /// <summary>The loss: NaN or infinite.</summary>
    public double Loss { get; } = loss;
}
