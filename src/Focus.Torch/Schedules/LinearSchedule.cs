namespace Focus;

/// <summary>Linear warm-up from 0, then a straight line down to a floor at the end of the run.</summary>
public sealed record LinearSchedule : LearningRateSchedule
{
    /// <summary>Steps of warm-up, at least 0 and at most the run's length: the factor is step / WarmupSteps.</summary>
    public long WarmupSteps { get; init; }

    /// <summary>The factor at the end of the run, in [0, 1].</summary>
    public double FinalFactor { get; init; }

    /// <inheritdoc/>
    public override double Factor(long step, long totalSteps)
        => Warmup(step, WarmupSteps) ?? double.Lerp(1, FinalFactor, Progress(step, WarmupSteps, totalSteps));

    /// <inheritdoc/>
    public override void Validate(long totalSteps)
    {
        RequireSteps(WarmupSteps, totalSteps);
        RequireFactor(FinalFactor);
    }
}
