using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>LAMB: Adam whose step has, for each tensor, a length in proportion to the tensor's norm (arXiv:1904.00962).</summary>
/// <remarks>
/// <code>
/// m ← β1·m + (1−β1)·g        v ← β2·v + (1−β2)·g²        u = m/(√v + ε) + ω·θ
/// θ ← θ − η·(‖θ‖/‖u‖)·u
/// </code>
/// The ratio is 1 where either norm is 0. With <see cref="BiasCorrection"/>, as in NVLAMB and pytorch-image-models, u uses m/(1−β1^t) and
/// v/(1−β2^t); clip the gradients' global norm to 1 there. State: m and v. Two passes over memory.
/// </remarks>
public sealed record LambOptions : MomentOptions
{
    /// <summary>Options with the defaults η 1e-3, β1 0.9, β2 0.999, ε 1e-6, ω 0.</summary>
    public LambOptions() => (LearningRate, Epsilon) = (1e-3, 1e-6);

    /// <summary>Whether the moments are divided by 1 − β^t; the paper's last version does not.</summary>
    public bool BiasCorrection { get; init; }

    /// <summary>Whether parameters without weight decay have the ratio too; in NVLAMB they do not.</summary>
    public bool AdaptsWithoutDecay { get; init; } = true;

    /// <summary>Whether the ratio is at most 1.</summary>
    public bool ClipsRatio { get; init; }

    /// <inheritdoc/>
    public override string Name => "LAMB";

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => UpdateMethod.Measured<LambRule, LambOptions>();
}

/// <summary>One step of LAMB; the formula is in <see cref="LambOptions"/>.</summary>
internal readonly struct LambRule : IMeasuredRule<LambRule, LambOptions>
{
    private readonly Decay beta1, beta2;
    private readonly Coefficient inverseCorrection, inverseRootCorrection, epsilon, decay;
    private readonly double learningRate;
    private readonly bool clips;

    private LambRule(LambOptions options, UpdateStep step)
    {
        (beta1, beta2) = (new(options.Beta1), new(options.Beta2));
        inverseCorrection = options.BiasCorrection ? 1 / step.Correction(options.Beta1) : 1;
        inverseRootCorrection = options.BiasCorrection ? 1 / Math.Sqrt(step.Correction(options.Beta2)) : 1;
        (epsilon, decay) = (options.Epsilon, options.WeightDecay);
        (learningRate, clips) = (step.LearningRate, options.ClipsRatio);
        NeedsSums = options.AdaptsWithoutDecay || options.WeightDecay > 0;
    }

    public static int StateCount => 2;

    public static int SumCount => 2;

    public bool NeedsSums { get; }

    public static LambRule At(LambOptions options, UpdateStep step) => new(options, step);

    [MethodImpl(FloatElements.Inline)]
    public void Measure<T>(T parameter, T gradient, T first, T second, T third, ref BlockSums<T> sums) where T : struct, IElements<T>
    {
        var direction = Direction(parameter, beta1.Average(first, gradient), beta2.Average(second, gradient * gradient));
        sums.A += parameter * parameter;
        sums.B += direction * direction;
    }

    public void Decide(BlockDecision blocks)
    {
        var sums = blocks.Sums(0);
        var ratio = sums.A > 0 && sums.B > 0 ? Math.Sqrt(sums.A / sums.B) : 1;
        blocks.Set(0, -learningRate * (clips ? Math.Min(ratio, 1) : ratio));
    }

    [MethodImpl(FloatElements.Inline)]
    public void Update<T>(ref T parameter, T gradient, ref T first, ref T second, ref T third, T descent, T unused)
        where T : struct, IElements<T>
    {
        first = beta1.Average(first, gradient);
        second = beta2.Average(second, gradient * gradient);
        parameter += Direction(parameter, first, second) * descent;
    }

    [MethodImpl(FloatElements.Inline)]
    private T Direction<T>(T parameter, T first, T second) where T : struct, IElements<T>
        => T.MultiplyAdd(parameter, decay, first * inverseCorrection / (T.Sqrt(second) * inverseRootCorrection + epsilon));
}
