namespace Focus;

/// <summary>A training run whose loss, or the gradient of it, is no longer a finite number.</summary>
public sealed class TrainingDivergedException : ArithmeticException
{
    private const string Remedy = "A smaller learning rate or a warm-up usually helps; check the data for extreme values, too.";

    /// <summary>A run whose loss is not finite.</summary>
    /// <param name="step">The step, counted from 1, whose loss it was.</param>
    /// <param name="loss">The loss: NaN or infinite.</param>
    public TrainingDivergedException(long step, double loss) : this(step, loss, $"the loss is {loss}")
    {
    }

    private TrainingDivergedException(long step, double loss, string what) : base($"Training diverged: {what} at step {step}. {Remedy}")
        => (Step, Loss) = (step, loss);

    /// <summary>The step, counted from 1.</summary>
    public long Step { get; }

    /// <summary>The step's loss: NaN or infinite, unless only its gradient or the update was.</summary>
    public double Loss { get; }

    /// <summary>A run whose loss is finite, but where something else of the step is not.</summary>
    /// <param name="step">The step, counted from 1.</param>
    /// <param name="loss">The step's loss.</param>
    /// <param name="norm">What is not finite, such as <c>gradient norm</c>.</param>
    internal static TrainingDivergedException OfNorm(long step, double loss, string norm)
        => new(step, loss, $"the {norm} is not finite, after a loss of {loss},");
}
