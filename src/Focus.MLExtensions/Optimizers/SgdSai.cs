using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>SGD-SaI: gradient descent with momentum, in which the signal-to-noise ratio of each tensor's first gradient sets the scale of its
/// learning rate for good (arXiv:2412.11768).</summary>
/// <remarks>
/// With σ the standard deviation of the elements of a tensor's first gradient (divisor n − 1):
/// <code>
/// first step:  k = ‖g‖ / (σ + ε),  m = g        later:  m ← μ·m + (1−μ)·g
/// θ ← θ·(1 − η·ω) − η·k·m
/// </code>
/// Where σ is 0, as in tensors of one element, or below a hundredth of the root mean square, which rounding may leave, the published code takes k = |g|/ε, about 10⁸; here k is 1, unless
/// <see cref="ScalesConstantGradients"/> is set. State: m, and k of each tensor. One pass over memory; two at the first step.
/// </remarks>
public sealed record SgdSaiOptions : MomentumOptions
{
    /// <summary>Options with the published defaults: η 1e-2, μ 0.9, ε 1e-8, ω 1e-2.</summary>
    public SgdSaiOptions() => (LearningRate, WeightDecay) = (1e-2, 1e-2);

    /// <summary>The term ε added to the standard deviation, finite and &gt; 0.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Whether a first gradient without deviation is divided by ε, as in the published code.</summary>
    public bool ScalesConstantGradients { get; init; }

    /// <inheritdoc/>
    public override string Name => "SGD-SaI";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.Positive(Epsilon);
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => UpdateMethod.Measured<SgdSaiRule, SgdSaiOptions>();
}

/// <summary>One step of SGD-SaI; the formula is in <see cref="SgdSaiOptions"/>. A tensor, which is one block, remembers its scale k.</summary>
internal readonly struct SgdSaiRule : IMeasuredRule<SgdSaiRule, SgdSaiOptions>
{
    /// <summary>A variance below this share of the mean square may be what sums in float32 leave of a constant gradient.</summary>
    private const double Rounding = 1e-4;

    private readonly SgdSaiOptions options;
    private readonly Coefficient momentum, fresh, shrinkage;
    private readonly double learningRate;

    private SgdSaiRule(SgdSaiOptions options, UpdateStep step)
    {
        this.options = options;
        NeedsSums = step.Number == 1;
        (momentum, fresh) = (options.Momentum, NeedsSums ? 1 : 1 - options.Momentum);
        learningRate = step.LearningRate;
        shrinkage = 1 - step.LearningRate * options.WeightDecay;
    }

    public static int StateCount => 1;

    public static int SumCount => 2;

    public static MeasuredArrays Measured => MeasuredArrays.Gradient;

    public static int BlockMemoryCount => 1;

    public bool NeedsSums { get; }

    public static SgdSaiRule At(SgdSaiOptions options, UpdateStep step) => new(options, step);

    [MethodImpl(FloatElements.Inline)]
    public void Measure<T>(T parameter, T gradient, T velocity, T second, T third, ref BlockSums<T> sums) where T : struct, IElements<T>
    {
        sums.A += gradient;
        sums.B += gradient * gradient;
    }

    public void Decide(BlockDecision blocks)
    {
        ref var scale = ref blocks.Memory(0)[0];
        if (NeedsSums) scale = Scale(blocks.Sums(0), blocks.BlockLength);
        blocks.Set(0, -learningRate * scale);
    }

    [MethodImpl(FloatElements.Inline)]
    public void Update<T>(ref T parameter, T gradient, ref T velocity, ref T second, ref T third, T descent, T unused)
        where T : struct, IElements<T>
    {
        velocity = T.MultiplyAdd(gradient, fresh, velocity * momentum);
        parameter = parameter * shrinkage + velocity * descent;
    }

    private double Scale(BlockSums<double> sums, long count)
    {
        var variance = count > 1 ? Math.Max(0, (sums.B - sums.A * sums.A / count) / (count - 1)) : 0;
        return variance > Rounding * sums.B / count || options.ScalesConstantGradients ? Math.Sqrt(sums.B) / (Math.Sqrt(variance) + options.Epsilon) : 1;
    }
}
