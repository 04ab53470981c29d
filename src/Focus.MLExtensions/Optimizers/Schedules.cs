namespace Focus;

/// <summary>How the learning rate changes over a training run, as a factor of the optimizer's learning rate.</summary>
/// <remarks>
/// Every trainer takes one. In a hand-written TorchSharp loop:
/// <c>torch.optim.lr_scheduler.LambdaLR(optimizer, step =&gt; schedule.Factor(step, totalSteps))</c>.
/// </remarks>
public abstract record LearningRateSchedule
{
    /// <summary>The factor at a step.</summary>
    /// <param name="step">The number of steps already taken, from 0 to <paramref name="totalSteps"/>.</param>
    /// <param name="totalSteps">The length of the run in steps, ≥ 1.</param>
    /// <returns>A factor ≥ 0.</returns>
    public abstract double Factor(long step, long totalSteps);

    /// <summary>Checks the schedule's settings against a run's length.</summary>
    /// <param name="totalSteps">The length of the run in steps, ≥ 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A setting is out of range; the message names it, its value and the range.</exception>
    public virtual void Validate(long totalSteps)
    {
    }

    /// <summary>Sets the learning rate of every parameter group for the step to come.</summary>
    internal void Apply(TorchSharp.torch.optim.Optimizer optimizer, long step, long totalSteps)
    {
        var factor = Factor(step, totalSteps);
        foreach (var group in optimizer.ParamGroups) group.LearningRate = group.InitialLearningRate * factor;
    }

    /// <summary>The factor of a linear warm-up from 0: step / <paramref name="warmupSteps"/>, or null once it is over.</summary>
    private protected static double? Warmup(long step, long warmupSteps) => step < warmupSteps ? (double)step / warmupSteps : null;

    /// <summary>How far <paramref name="step"/> is on the way from <paramref name="start"/> to <paramref name="end"/>, in [0, 1].</summary>
    private protected static double Progress(long step, long start, long end) => Math.Clamp((step - start) / (double)Math.Max(1, end - start), 0, 1);
}

/// <summary>The optimizer's learning rate throughout.</summary>
public sealed record ConstantSchedule : LearningRateSchedule
{
    /// <inheritdoc/>
    public override double Factor(long step, long totalSteps) => 1;
}

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
        Check.Between(0, totalSteps, WarmupSteps);
        Check.Between(0, 1, FinalFactor);
    }
}

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
        Check.Between(0, totalSteps, WarmupSteps);
        Check.Between(0, 1, FinalFactor);
    }
}

/// <summary>The learning rate over the root of the step, η/√t with t = 1, 2, …, as in the paper's theory (arXiv:2501.12243).</summary>
public sealed record InverseSquareRootSchedule : LearningRateSchedule
{
    /// <inheritdoc/>
    public override double Factor(long step, long totalSteps) => 1 / Math.Sqrt(step + 1);
}

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
        Check.Between(0, totalSteps, WarmupSteps);
        Check.Between(0, totalSteps - WarmupSteps, DecaySteps);
        Check.Between(0, 1, FinalFactor);
    }
}
