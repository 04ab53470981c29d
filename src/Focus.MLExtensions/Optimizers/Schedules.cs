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

    /// <summary>The momentum at a step, for schedules that move it against the learning rate; null for the optimizer's own.</summary>
    /// <param name="step">The number of steps already taken, from 0 to <paramref name="totalSteps"/>.</param>
    /// <param name="totalSteps">The length of the run in steps, ≥ 1.</param>
    public virtual double? Momentum(long step, long totalSteps) => null;

    /// <summary>Sets the learning rate of every parameter group, and the momentum where the schedule moves it, for the step to come.</summary>
    internal void Apply(TorchSharp.torch.optim.Optimizer optimizer, long step, long totalSteps)
    {
        var factor = Factor(step, totalSteps);
        foreach (var group in optimizer.ParamGroups) group.LearningRate = group.InitialLearningRate * factor;
        if (Momentum(step, totalSteps) is { } momentum && optimizer is TorchSharp.torch.optim.IMomentum moving) moving.Momentum = momentum;
    }

    /// <summary>The factor of a linear warm-up from 0: step / <paramref name="warmupSteps"/>, or null once it is over.</summary>
    private protected static double? Warmup(long step, long warmupSteps) => step < warmupSteps ? (double)step / warmupSteps : null;

    /// <summary>Half a cosine from 1 down to 0.</summary>
    private protected static double HalfCosine(double progress) => 0.5 * (1 + Math.Cos(Math.PI * progress));

    /// <summary>How far <paramref name="step"/> is on the way from <paramref name="start"/> to <paramref name="end"/>, in [0, 1].</summary>
    private protected static double Progress(long step, long start, long end) => Math.Clamp((step - start) / (double)Math.Max(1, end - start), 0, 1);
}

/// <summary>The optimizer's learning rate throughout.</summary>
public sealed record ConstantSchedule : LearningRateSchedule
{
    /// <inheritdoc/>
    public override double Factor(long step, long totalSteps) => 1;
}

/// <summary>Linear warm-up from 0, then a straight line down to a floor at the end of the run. Without warm-up and with a floor of 0 this is the
/// budgeted schedule of arXiv:1905.04753.</summary>
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
            ?? FinalFactor + (1 - FinalFactor) * HalfCosine(Progress(step, WarmupSteps, totalSteps));

    /// <inheritdoc/>
    public override void Validate(long totalSteps)
    {
        Check.Between(0, totalSteps, WarmupSteps);
        Check.Between(0, 1, FinalFactor);
    }
}

/// <summary>The learning rate over the root of the step.</summary>
/// <remarks>
/// Without warm-up η/√t with t = 1, 2, …, as in the paper's theory (arXiv:2501.12243). With w steps of warm-up, a straight line to η and then
/// η·√(w/step), as in fairseq.
/// </remarks>
public sealed record InverseSquareRootSchedule : LearningRateSchedule
{
    /// <summary>Steps of warm-up, ≥ 0.</summary>
    public long WarmupSteps { get; init; }

    /// <summary>The factor at the start of the warm-up, in [0, 1].</summary>
    public double InitialFactor { get; init; }

    /// <inheritdoc/>
    public override double Factor(long step, long totalSteps) => WarmupSteps == 0
        ? 1 / Math.Sqrt(step + 1)
        : step < WarmupSteps ? double.Lerp(InitialFactor, 1, (double)step / WarmupSteps) : Math.Sqrt((double)WarmupSteps / step);

    /// <inheritdoc/>
    public override void Validate(long totalSteps)
    {
        Check.AtLeast(0, WarmupSteps);
        Check.Between(0, 1, InitialFactor);
    }
}

/// <summary>The schedule of the first transformer (arXiv:1706.03762): n = step + 1, factor d^−½·min(n^−½, n·w^−1.5).</summary>
/// <remarks>The optimizer's learning rate is the scale, often 1.</remarks>
public sealed record NoamSchedule : LearningRateSchedule
{
    /// <summary>The model's width d, ≥ 1.</summary>
    public int Width { get; init; } = 512;

    /// <summary>Steps of warm-up w, ≥ 1.</summary>
    public long WarmupSteps { get; init; } = 4000;

    /// <inheritdoc/>
    public override double Factor(long step, long totalSteps)
        => Math.Min(1 / Math.Sqrt(step + 1), (step + 1) * Math.Pow(WarmupSteps, -1.5)) / Math.Sqrt(Width);

    /// <inheritdoc/>
    public override void Validate(long totalSteps)
    {
        Check.AtLeast(1, Width);
        Check.AtLeast(1, WarmupSteps);
    }
}

/// <summary>Reflected exponential (REX, arXiv:2107.04197): slowly at first, ever faster to a floor at the end of the run.</summary>
/// <remarks>With z = step / length: floor + (1 − floor)·(1 − z)/(1 − z/2).</remarks>
public sealed record RexSchedule : LearningRateSchedule
{
    /// <summary>The factor at the end of the run, in [0, 1].</summary>
    public double FinalFactor { get; init; }

    /// <inheritdoc/>
    public override double Factor(long step, long totalSteps)
    {
        var z = Progress(step, 0, totalSteps);
        return double.Lerp(FinalFactor, 1, (1 - z) / (1 - z / 2));
    }

    /// <inheritdoc/>
    public override void Validate(long totalSteps) => Check.Between(0, 1, FinalFactor);
}

/// <summary>Linear warm-up from 0, then a power of the remaining share of the run down to a floor.</summary>
public sealed record PolynomialSchedule : LearningRateSchedule
{
    /// <summary>Steps of warm-up, at least 0 and at most the run's length: the factor is step / WarmupSteps.</summary>
    public long WarmupSteps { get; init; }

    /// <summary>The power of the remaining share, finite and &gt; 0.</summary>
    public double Power { get; init; } = 1;

    /// <summary>The factor at the end of the run, in [0, 1].</summary>
    public double FinalFactor { get; init; }

    /// <inheritdoc/>
    public override double Factor(long step, long totalSteps)
        => Warmup(step, WarmupSteps) ?? double.Lerp(FinalFactor, 1, Math.Pow(1 - Progress(step, WarmupSteps, totalSteps), Power));

    /// <inheritdoc/>
    public override void Validate(long totalSteps)
    {
        Check.Between(0, totalSteps, WarmupSteps);
        Check.Positive(Power);
        Check.Between(0, 1, FinalFactor);
    }
}

/// <summary>The full learning rate, multiplied by γ at some shares of the run; by default by 0.1 at 30, 60 and 90 %.</summary>
public sealed record StepSchedule : LearningRateSchedule
{
    /// <summary>The factor γ at each milestone, in (0, 1].</summary>
    public double Gamma { get; init; } = 0.1;

    /// <summary>The milestones as shares of the run, in [0, 1].</summary>
    public IReadOnlyList<double> Milestones { get; init; } = [0.3, 0.6, 0.9];

    /// <inheritdoc/>
    public override double Factor(long step, long totalSteps) => Math.Pow(Gamma, Milestones.Count(share => Math.Round(share * totalSteps) <= step));

    /// <inheritdoc/>
    public override void Validate(long totalSteps)
    {
        Check.Positive(Gamma);
        Check.Between(0, 1, Gamma);
        foreach (var share in Milestones) Check.Between(0, 1, share, nameof(Milestones));
    }
}

/// <summary>Half cosines from the full learning rate to a floor, again and again (SGDR, arXiv:1608.03983).</summary>
public sealed record CosineRestartsSchedule : LearningRateSchedule
{
    /// <summary>The steps of the first cycle, more than its warm-up.</summary>
    public long FirstCycle { get; init; } = 1000;

    /// <summary>How many times as long as the one before each cycle is, its warm-up not counted; ≥ 1.</summary>
    public double CycleGrowth { get; init; } = 1;

    /// <summary>Steps of linear warm-up in each cycle, from the floor, ≥ 0.</summary>
    public long WarmupSteps { get; init; }

    /// <summary>The factor by which each cycle's peak is lower than the one before, in (0, 1].</summary>
    public double PeakDecay { get; init; } = 1;

    /// <summary>The factor at the end of each cycle, in [0, 1].</summary>
    public double FinalFactor { get; init; }

    /// <inheritdoc/>
    public override double Factor(long step, long totalSteps)
    {
        var (length, peak) = (FirstCycle, 1.0);
        while (step >= length)
        {
            step -= length;
            length = (long)((length - WarmupSteps) * CycleGrowth) + WarmupSteps;
            peak *= PeakDecay;
        }
        return step < WarmupSteps
            ? double.Lerp(FinalFactor, peak, (double)step / WarmupSteps)
            : FinalFactor + (peak - FinalFactor) * HalfCosine(Progress(step, WarmupSteps, length));
    }

    /// <inheritdoc/>
    public override void Validate(long totalSteps)
    {
        Check.AtLeast(0, WarmupSteps);
        Check.AtLeast(WarmupSteps + 1, FirstCycle);
        Check.AtLeast(1, CycleGrowth);
        Check.Positive(PeakDecay);
        Check.Between(0, 1, PeakDecay);
        Check.Between(0, 1, FinalFactor);
    }
}

/// <summary>Warm-up, the full learning rate for most of the run, then down to a floor over its last steps (arXiv:2404.06395,
/// 2405.18392).</summary>
public sealed record WarmupStableDecaySchedule : LearningRateSchedule
{
    /// <summary>Steps of warm-up, at least 0: the factor is step / WarmupSteps.</summary>
    public long WarmupSteps { get; init; }

    /// <summary>Whether the warm-up's factor is (step + 1) / WarmupSteps, so that the first step moves too.</summary>
    public bool FirstStepMoves { get; init; }

    /// <summary>Steps of decay at the end of the run, at least 0; warm-up and decay together are at most the run's length.</summary>
    public long DecaySteps { get; init; }

    /// <summary>The shape of the decay.</summary>
    public DecayShape Shape { get; init; }

    /// <summary>The factor at the end of the run, in [0, 1].</summary>
    public double FinalFactor { get; init; }

    /// <summary>The trapezoid of the speed-run scripts: a straight line up, in which the first step moves, and a straight line down to 0.</summary>
    public static WarmupStableDecaySchedule Trapezoid(long warmupSteps, long decaySteps)
        => new() { WarmupSteps = warmupSteps, FirstStepMoves = true, DecaySteps = decaySteps };

    /// <inheritdoc/>
    public override double Factor(long step, long totalSteps)
        => step < WarmupSteps
            ? (step + (FirstStepMoves ? 1.0 : 0)) / WarmupSteps
            : double.Lerp(FinalFactor, 1, Remaining(Progress(step, totalSteps - DecaySteps, totalSteps)));

    /// <inheritdoc/>
    public override void Validate(long totalSteps)
    {
        Check.Between(0, totalSteps, WarmupSteps);
        Check.Between(0, totalSteps - WarmupSteps, DecaySteps);
        Check.Between(0, 1, FinalFactor);
        Check.Defined(Shape);
    }

    private double Remaining(double progress) => Shape switch
    {
        DecayShape.Linear => 1 - progress,
        DecayShape.OneMinusRoot => 1 - Math.Sqrt(progress),
        DecayShape.OneMinusSquare => 1 - progress * progress,
        _ => HalfCosine(progress),
    };
}

/// <summary>How the learning rate falls in a decay, with u from 0 to 1.</summary>
public enum DecayShape
{
    /// <summary>1 − u.</summary>
    Linear,

    /// <summary>1 − √u: fast at first.</summary>
    OneMinusRoot,

    /// <summary>1 − u²: slow at first.</summary>
    OneMinusSquare,

    /// <summary>Half a cosine.</summary>
    Cosine,
}

/// <summary>One cycle up and down, with the momentum against it (arXiv:1708.07120), as PyTorch's <c>OneCycleLR</c>.</summary>
/// <remarks>The optimizer's learning rate is the highest.</remarks>
public sealed record OneCycleSchedule : LearningRateSchedule
{
    /// <summary>The share of the run in which the learning rate rises, in (0, 1); at most ½ with three phases.</summary>
    public double RisingShare { get; init; } = 0.3;

    /// <summary>By how much lower the first learning rate is, ≥ 1.</summary>
    public double InitialDivisor { get; init; } = 25;

    /// <summary>By how much lower than the first the last learning rate is, ≥ 1.</summary>
    public double FinalDivisor { get; init; } = 1e4;

    /// <summary>Whether the learning rate first falls as long as it rose, to where it began, and then to the last.</summary>
    public bool ThreePhases { get; init; }

    /// <summary>Whether the phases are straight lines instead of half cosines.</summary>
    public bool StraightLines { get; init; }

    /// <summary>The momentum where the learning rate is low, in [0, 1).</summary>
    public double HighMomentum { get; init; } = 0.95;

    /// <summary>The momentum where the learning rate is highest, in [0, 1).</summary>
    public double LowMomentum { get; init; } = 0.85;

    /// <inheritdoc/>
    public override double Factor(long step, long totalSteps)
    {
        var (first, last) = (1 / InitialDivisor, 1 / (InitialDivisor * FinalDivisor));
        return At(step, totalSteps, (first, 1), (1, ThreePhases ? first : last), (first, last));
    }

    /// <inheritdoc/>
    public override double? Momentum(long step, long totalSteps)
        => At(step, totalSteps, (HighMomentum, LowMomentum), (LowMomentum, HighMomentum), (HighMomentum, HighMomentum));

    /// <inheritdoc/>
    public override void Validate(long totalSteps)
    {
        Check.Positive(RisingShare);
        Check.Between(0, ThreePhases ? 0.5 : 1, RisingShare);
        Check.AtLeast(1, InitialDivisor);
        Check.AtLeast(1, FinalDivisor);
        Check.Fraction(HighMomentum);
        Check.Fraction(LowMomentum);
    }

    private double At(long step, long totalSteps, (double From, double To) rise, (double From, double To) fall, (double From, double To) end)
    {
        var top = RisingShare * totalSteps - 1;
        var turn = ThreePhases ? 2 * top : totalSteps - 1;
        var ((from, to), start, stop) = step <= top ? (rise, 0, top) : step <= turn ? (fall, top, turn) : (end, turn, totalSteps - 1);
        var progress = stop > start ? Math.Clamp((step - start) / (stop - start), 0, 1) : 1; // A phase may have no length.
        return StraightLines ? double.Lerp(from, to, progress) : to + (from - to) * HalfCosine(progress);
    }
}
