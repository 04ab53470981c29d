using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>Cautious AdamW: AdamW without the elements whose step would go against their gradient (arXiv:2411.16085).</summary>
/// <remarks>
/// <code>
/// θ ← θ − η·ω·θ        m ← β1·m + (1−β1)·g        v ← β2·v + (1−β2)·g²
/// k = 1 where m·g &gt; 0, else 0;  k ← k / max(mean(k), 10⁻³)
/// θ ← θ − η·√(1−β2^t)/(1−β1^t) · m·k / (√v + ε)
/// </code>
/// This is the published code; the paper divides by (#k + 1)/n instead of the mean. State: m and v. Two passes over memory.
/// </remarks>
public sealed record CautiousAdamWOptions : MomentOptions
{
    /// <summary>Options with the published defaults: η 1e-3, β1 0.9, β2 0.999, ε 1e-6, ω 0.</summary>
    public CautiousAdamWOptions() => (LearningRate, Epsilon) = (1e-3, 1e-6);

    /// <inheritdoc/>
    public override string Name => "CautiousAdamW";

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => UpdateMethod.Measured<CautiousAdamWRule, CautiousAdamWOptions>();
}

/// <summary>One step of cautious AdamW; the formula is in <see cref="CautiousAdamWOptions"/>.</summary>
internal readonly struct CautiousAdamWRule : IMeasuredRule<CautiousAdamWRule, CautiousAdamWOptions>
{
    private readonly Decay beta1, beta2;
    private readonly double rate;
    private readonly Coefficient epsilon, shrinkage;

    private CautiousAdamWRule(CautiousAdamWOptions options, UpdateStep step)
    {
        (beta1, beta2) = (new(options.Beta1), new(options.Beta2));
        rate = step.LearningRate * Math.Sqrt(step.Correction(options.Beta2)) / step.Correction(options.Beta1);
        epsilon = options.Epsilon;
        shrinkage = 1 - step.LearningRate * options.WeightDecay;
    }

    public static int StateCount => 2;

    public static int SumCount => 1;

    public static MeasuredArrays Measured => MeasuredArrays.Gradient | MeasuredArrays.First;

    public bool NeedsSums => true;

    public static CautiousAdamWRule At(CautiousAdamWOptions options, UpdateStep step) => new(options, step);

    [MethodImpl(FloatElements.Inline)]
    public void Measure<T>(T parameter, T gradient, T first, T second, T third, ref BlockSums<T> sums) where T : struct, IElements<T>
        => sums.A += T.Positive(beta1.Average(first, gradient) * gradient);

    public void Decide(BlockDecision blocks) => blocks.Set(0, -rate / Math.Max(blocks.Sums(0).A / blocks.BlockLength, 1e-3));

    [MethodImpl(FloatElements.Inline)]
    public void Update<T>(ref T parameter, T gradient, ref T first, ref T second, ref T third, T descent, T unused)
        where T : struct, IElements<T>
    {
        first = beta1.Average(first, gradient);
        second = beta2.Average(second, gradient * gradient);
        var kept = first * T.Positive(first * gradient);
        parameter = parameter * shrinkage + kept / (T.Sqrt(second) + epsilon) * descent;
    }
}
