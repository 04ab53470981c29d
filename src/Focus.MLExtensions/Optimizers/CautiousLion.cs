using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>Cautious Lion: Lion without the elements whose step would go against their gradient (arXiv:2411.16085).</summary>
/// <remarks>
/// With n elements in the tensor, of which #k are kept:
/// <code>
/// u = sign(β1·m + (1−β1)·g)        k = 1 where u·g &gt; 0, else 0
/// θ ← θ − η·ω·θ        θ ← θ − η·u·k·n/(#k + 1)        m ← β2·m + (1−β2)·g
/// </code>
/// The other form (lucidrains/lion-pytorch) gives elements against their gradient a weight of their own and divides by the mean weight instead.
/// State: m. Two passes over memory.
/// </remarks>
public sealed record CautiousLionOptions : OptimizerSettings
{
    /// <summary>Options with the published defaults: η 1e-4, β1 0.95, β2 0.98, ω 0.</summary>
    public CautiousLionOptions() => LearningRate = 1e-4;

    /// <summary>The weight β1 of the momentum in the direction, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.95;

    /// <summary>The decay β2 of the momentum, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.98;

    /// <summary>The weight, in [0, 1], of elements whose step goes against their gradient, in the form of lucidrains/lion-pytorch; null for the
    /// paper's form.</summary>
    public double? OpposedWeight { get; init; }

    /// <inheritdoc/>
    public override string Name => "CautiousLion";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.Fraction(Beta1);
        Check.Fraction(Beta2);
        Check.Between(0, 1, OpposedWeight ?? 0, nameof(OpposedWeight));
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => UpdateMethod.Measured<CautiousLionRule, CautiousLionOptions>();

    /// <inheritdoc/>
    protected internal override double? CycledMomentum => Beta1;

    /// <inheritdoc/>
    protected internal override OptimizerSettings WithMomentum(double momentum) => this with { Beta1 = momentum };
}

/// <summary>One step of cautious Lion; the formula is in <see cref="CautiousLionOptions"/>.</summary>
internal readonly struct CautiousLionRule : IMeasuredRule<CautiousLionRule, CautiousLionOptions>
{
    private readonly Decay beta1, beta2;
    private readonly double learningRate;
    private readonly double? opposedWeight;
    private readonly Coefficient shrinkage;

    private CautiousLionRule(CautiousLionOptions options, UpdateStep step)
    {
        (beta1, beta2) = (new(options.Beta1), new(options.Beta2));
        (learningRate, opposedWeight) = (step.LearningRate, options.OpposedWeight);
        shrinkage = 1 - step.LearningRate * options.WeightDecay;
    }

    public static int StateCount => 1;

    public static int SumCount => 1;

    public static MeasuredArrays Measured => MeasuredArrays.Gradient | MeasuredArrays.First;

    public bool NeedsSums => true;

    public static CautiousLionRule At(CautiousLionOptions options, UpdateStep step) => new(options, step);

    [MethodImpl(FloatElements.Inline)]
    public void Measure<T>(T parameter, T gradient, T momentum, T second, T third, ref BlockSums<T> sums) where T : struct, IElements<T>
        => sums.A += T.Positive(T.Sign(beta1.Average(momentum, gradient)) * gradient);

    public void Decide(BlockDecision blocks)
    {
        var (count, kept) = (blocks.BlockLength, blocks.Sums(0).A);
        if (opposedWeight is { } opposed) blocks.Set(0, -learningRate / Math.Max((kept + opposed * (count - kept)) / count, 1e-5), opposed);
        else blocks.Set(0, -learningRate * count / (kept + 1));
    }

    [MethodImpl(FloatElements.Inline)]
    public void Update<T>(ref T parameter, T gradient, ref T momentum, ref T second, ref T third, T descent, T opposed)
        where T : struct, IElements<T>
    {
        var direction = T.Sign(beta1.Average(momentum, gradient));
        var kept = T.Positive(direction * gradient);
        parameter = parameter * shrinkage + direction * (kept + (opposed - opposed * kept)) * descent;
        momentum = beta2.Average(momentum, gradient);
    }
}
