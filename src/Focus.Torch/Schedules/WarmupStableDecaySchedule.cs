namespace Focus;

/// <summary>Linear warm-up from 0, the full learning rate for most of the run, then a straight line down to a floor over its last
/// steps.</summary>
public sealed record WarmupStableDecaySchedule : LearningRateSchedule
{
    /// <summary>Steps of warm-up, at least 0: the factor is step / WarmupSteps.</summary>
    public long WarmupSteps { get; init; }

    /// <summary>Steps of decay at the end of the run, at least 0; warm-up and decay together are at most the run's length.</summary>
    public long DecaySteps { get; init; }

    /// <summary>The factor at the end of the run, in [0, 1].</summary>
    public double FinalFactor { get; init; }

    /// <inheritdoc/>
    public override double Factor(long step, long totalSteps)
        => Warmup(step, WarmupSteps) ?? double.Lerp(1, FinalFactor, Progress(step, totalSteps - DecaySteps, totalSteps));

    /// <inheritdoc/>
    public override void Validate(long totalSteps)
    {
        RequireSteps(WarmupSteps, totalSteps);
        RequireSteps(DecaySteps, totalSteps - WarmupSteps);
        RequireFactor(FinalFactor);
    }
}
