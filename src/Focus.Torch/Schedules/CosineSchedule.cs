namespace Focus;

/// <summary>Linear warm-up from 0, then half a cosine down to a floor at the end of the run; the paper's GPT-2 runs use it with a floor of
/// 0.05.</summary>
public sealed record CosineSchedule : LearningRateSchedule
{
    /// <summary>Steps of warm-up, at least 0 and at most the run's length: the factor is step / WarmupSteps.</summary>
    public long WarmupSteps { get; init; }

    /// <summary>The factor at the end of the run, in [0, 1].</summary>
    public double FinalFactor { get; init; }

    /// <inheritdoc/>
    public override double Factor(long step, long totalSteps)
        => Warmup(step, WarmupSteps)
            ?? FinalFactor + (1 - FinalFactor) * 0.5 * (1 + Math.Cos(Math.PI * Progress(step, WarmupSteps, totalSteps)));

    /// <inheritdoc/>
    public override void Validate(long totalSteps)
    {
        RequireSteps(WarmupSteps, totalSteps);
        RequireFactor(FinalFactor);
    }
}
