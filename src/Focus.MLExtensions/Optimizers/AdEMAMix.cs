using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>AdEMAMix: AdamW with a second, slow momentum, so that old gradients still count (arXiv:2409.03137).</summary>
/// <remarks>
/// <code>
/// m1 ← β1·m1 + (1−β1)·g        m2 ← β3·m2 + (1−β3)·g        v ← β2·v + (1−β2)·g²
/// θ ← θ − η·( (m1/(1−β1^t) + α·m2) / (√v / √(1−β2^t) + ε) + ω·θ )
/// </code>
/// α grows in a straight line over <see cref="AlphaWarmup"/> steps. β3 grows from β1 over <see cref="Beta3Warmup"/> steps, such that the time in
/// which the average halves grows in a straight line. State: m1, m2 and v. One pass over memory.
/// </remarks>
public sealed record AdEMAMixOptions : MomentOptions
{
    /// <summary>Options with the published defaults: η 1e-3, β 0.9/0.999/0.9999, α 2, ε 1e-8, ω 0, no warm-up.</summary>
    public AdEMAMixOptions() => LearningRate = 1e-3;

    /// <summary>The decay β3 of the slow momentum, in [0, 1).</summary>
    public double Beta3 { get; init; } = 0.9999;

    /// <summary>The weight α of the slow momentum, finite and ≥ 0.</summary>
    public double Alpha { get; init; } = 2;

    /// <summary>The steps over which α grows from 0, ≥ 0; the paper's are the whole run.</summary>
    public long AlphaWarmup { get; init; }

    /// <summary>The steps over which β3 grows from β1, ≥ 0; the paper's are the whole run.</summary>
    public long Beta3Warmup { get; init; }

    /// <inheritdoc/>
    public override string Name => "AdEMAMix";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.Fraction(Beta3);
        Check.NonNegative(Alpha);
        Check.AtLeast(0, AlphaWarmup);
        Check.AtLeast(0, Beta3Warmup);
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => UpdateMethod.Elementwise<AdEMAMixRule, AdEMAMixOptions>();

    internal double AlphaAt(long step) => step < AlphaWarmup ? Alpha * step / AlphaWarmup : Alpha;

    internal double Beta3At(long step)
    {
        if (step >= Beta3Warmup) return Beta3;
        var halfLife = double.Lerp(HalfLife(Beta1), HalfLife(Beta3), (double)step / Beta3Warmup);
        return Math.Pow(0.5, 1 / (halfLife + 1));

        // The small number makes a decay of 0 legal, as in the published code.
        static double HalfLife(double beta) => Math.Log(0.5) / Math.Log(beta + 1e-8) - 1;
    }
}

/// <summary>One step of AdEMAMix; the formula is in <see cref="AdEMAMixOptions"/>.</summary>
internal readonly struct AdEMAMixRule : IUpdateRule<AdEMAMixRule, AdEMAMixOptions>
{
    private readonly Decay beta1, beta2, beta3;
    private readonly Coefficient alpha, descent, epsilon, shrinkage, inverseCorrection, inverseRootCorrection;

    private AdEMAMixRule(AdEMAMixOptions options, UpdateStep step)
    {
        (beta1, beta2, beta3) = (new(options.Beta1), new(options.Beta2), new(options.Beta3At(step.Number)));
        alpha = options.AlphaAt(step.Number);
        descent = -step.LearningRate;
        epsilon = options.Epsilon;
        shrinkage = 1 - step.LearningRate * options.WeightDecay;
        inverseCorrection = 1 / step.Correction(options.Beta1);
        inverseRootCorrection = 1 / Math.Sqrt(step.Correction(options.Beta2));
    }

    public static int StateCount => 3;

    public static AdEMAMixRule At(AdEMAMixOptions options, UpdateStep step) => new(options, step);

    [MethodImpl(FloatElements.Inline)]
    public void Update<T>(ref T parameter, T gradient, ref T first, ref T second, ref T slow) where T : struct, IElements<T>
    {
        first = beta1.Average(first, gradient);
        slow = beta3.Average(slow, gradient);
        second = beta2.Average(second, gradient * gradient);
        var direction = T.MultiplyAdd(slow, alpha, first * inverseCorrection) / (T.Sqrt(second) * inverseRootCorrection + epsilon);
        parameter = T.MultiplyAdd(direction, descent, parameter * shrinkage);
    }
}
