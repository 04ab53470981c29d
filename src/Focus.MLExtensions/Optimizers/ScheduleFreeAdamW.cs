using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>Schedule-Free AdamW: AdamW that trains between its iterates and their average, so that it needs no schedule and no final length
/// (arXiv:2405.15682).</summary>
/// <remarks>
/// The model holds y while it trains; the average x is the model to evaluate and keep. With z = x = y = θ at the start:
/// <code>
/// η_t = η·min(1, t/warm-up)        c = w_t / (w_1 + … + w_t)  with  w_t = t^r·max(η_1 … η_t)^p
/// v ← β2·v + (1−β2)·g²        d = g / (√(v/(1−β2^t)) + ε) + ω·y
/// y ← (1−c)·y + c·z + η_t·(β1·(1−c) − 1)·d        z ← z − η_t·d        x = y + (1 − 1/β1)·(z − y)
/// </code>
/// The optimizer is an <see cref="IAveragingOptimizer"/>, which moves the model between y and x; this library's trainers do that by themselves.
/// Combine it with no schedule but its own warm-up. State: z and v. One pass over memory.
/// </remarks>
public sealed record ScheduleFreeAdamWOptions : OptimizerSettings
{
    /// <summary>Options with the published defaults: η 2.5e-3, β1 0.9, β2 0.999, ε 1e-8, ω 0, no warm-up, r 0, p 2.</summary>
    public ScheduleFreeAdamWOptions() => LearningRate = 2.5e-3;

    /// <summary>The place β1 of y between z and x, in (0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>The decay β2 of the second moment, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>The term ε added to the denominator, finite and &gt; 0.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>The steps over which the learning rate grows from 0, ≥ 0.</summary>
    public long WarmupSteps { get; init; }

    /// <summary>The power r of the step in an iterate's weight, finite and ≥ 0.</summary>
    public double StepPower { get; init; }

    /// <summary>The power p of the learning rate in an iterate's weight, finite and ≥ 0.</summary>
    public double RatePower { get; init; } = 2;

    /// <inheritdoc/>
    public override string Name => "ScheduleFreeAdamW";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.Fraction(Beta1);
        Check.Positive(Beta1);
        Check.Fraction(Beta2);
        Check.Positive(Epsilon);
        Check.AtLeast(0, WarmupSteps);
        Check.NonNegative(StepPower);
        Check.NonNegative(RatePower);
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => UpdateMethod.Elementwise<ScheduleFreeAdamWRule, ScheduleFreeAdamWOptions>();

    internal override bool HasAverage => true;

    internal override T AverageOf<T>(T training, T first) => T.MultiplyAdd(first - training, 1 - 1 / Beta1, training);
}

/// <summary>One step of Schedule-Free AdamW; the formula is in <see cref="ScheduleFreeAdamWOptions"/>. The parameter remembers the sum of the
/// weights and the highest learning rate.</summary>
internal readonly struct ScheduleFreeAdamWRule : IUpdateRule<ScheduleFreeAdamWRule, ScheduleFreeAdamWOptions>
{
    private readonly Decay beta2;
    private readonly Coefficient remaining, share, stepSize, descent, decay, epsilon, inverseRootCorrection;
    private readonly bool isFirst;

    private ScheduleFreeAdamWRule(ScheduleFreeAdamWOptions options, UpdateStep step)
    {
        beta2 = new(options.Beta2);
        var rate = step.LearningRate * (options.WarmupSteps > 0 ? Math.Min(1, (double)step.Number / options.WarmupSteps) : 1);
        ref var sum = ref step.Memory[0];
        ref var highest = ref step.Memory[1];
        highest = Math.Max(highest, rate);
        var weight = Math.Pow(step.Number, options.StepPower) * Math.Pow(highest, options.RatePower);
        sum += weight;
        var share = sum > 0 ? weight / sum : 0;
        (this.share, remaining) = (share, 1 - share);
        stepSize = rate * (options.Beta1 * (1 - share) - 1);
        descent = -rate;
        (decay, epsilon) = (options.WeightDecay, options.Epsilon);
        inverseRootCorrection = 1 / Math.Sqrt(step.Correction(options.Beta2));
        isFirst = step.Number == 1;
    }

    public static int StateCount => 2;

    public static int MemoryCount => 2;

    public static ScheduleFreeAdamWRule At(ScheduleFreeAdamWOptions options, UpdateStep step) => new(options, step);

    [MethodImpl(FloatElements.Inline)]
    public void Update<T>(ref T parameter, T gradient, ref T iterate, ref T second, ref T third) where T : struct, IElements<T>
    {
        if (isFirst) iterate = parameter;
        second = beta2.Average(second, gradient * gradient);
        var direction = T.MultiplyAdd(parameter, decay, gradient / (T.Sqrt(second) * inverseRootCorrection + epsilon));
        parameter = T.MultiplyAdd(direction, stepSize, T.MultiplyAdd(iterate, share, parameter * remaining));
        iterate = T.MultiplyAdd(direction, descent, iterate);
    }
}
