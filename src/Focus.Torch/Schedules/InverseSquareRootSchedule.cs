namespace Focus;

/// <summary>The learning rate over the root of the step, η/√t with t = 1, 2, …, as in the paper's theory (arXiv:2501.12243).</summary>
public sealed record InverseSquareRootSchedule : LearningRateSchedule
{
    /// <inheritdoc/>
    public override double Factor(long step, long totalSteps) => 1 / Math.Sqrt(step + 1);
}
