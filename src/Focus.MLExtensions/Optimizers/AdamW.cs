using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>AdamW: Adam with decoupled weight decay (arXiv:1711.05101), as <c>torch.optim.AdamW</c> computes it.</summary>
/// <remarks>
/// <code>
/// θ ← θ − η·ω·θ        m ← β1·m + (1−β1)·g        v ← β2·v + (1−β2)·g²
/// θ ← θ − η/(1−β1^t) · m / (√v / √(1−β2^t) + ε)
/// </code>
/// The optimizer keeps two tensors, m and v, per parameter.
/// </remarks>
public sealed record AdamWOptions : OptimizerSettings
{
    /// <summary>Options with PyTorch's defaults: η 1e-3, β1 0.9, β2 0.999, ε 1e-8, ω 1e-2.</summary>
    public AdamWOptions() => (LearningRate, WeightDecay) = (1e-3, 1e-2);

    /// <summary>The decay β1 of the first moment, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>The decay β2 of the second moment, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>The term ε added to the denominator, finite and &gt; 0.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <inheritdoc/>
    public override string Name => "AdamW";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.Fraction(Beta1);
        Check.Fraction(Beta2);
        Check.Positive(Epsilon);
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => UpdateMethod.Elementwise<AdamWRule, AdamWOptions>();

    /// <inheritdoc/>
    protected internal override double? CycledMomentum => Beta1;

    /// <inheritdoc/>
    protected internal override OptimizerSettings WithMomentum(double momentum) => this with { Beta1 = momentum };
}

/// <summary>One step of AdamW; the formula is in <see cref="AdamWOptions"/>. State: the moments m and v.</summary>
internal readonly struct AdamWRule : IUpdateRule<AdamWRule, AdamWOptions>
{
    private readonly Coefficient descent, beta1, freshFirst, beta2, freshSecond, epsilon, shrinkage, inverseRootCorrection;

    private AdamWRule(AdamWOptions options, UpdateStep step)
    {
        descent = -step.LearningRate / step.Correction(options.Beta1);
        (beta1, freshFirst) = (options.Beta1, 1 - options.Beta1);
        (beta2, freshSecond) = (options.Beta2, 1 - options.Beta2);
        inverseRootCorrection = 1 / Math.Sqrt(step.Correction(options.Beta2));
        epsilon = options.Epsilon;
        shrinkage = 1 - step.LearningRate * options.WeightDecay;
    }

    public static int StateCount => 2;

    public static AdamWRule At(AdamWOptions options, UpdateStep step) => new(options, step);

    [MethodImpl(FloatElements.Inline)]
    public void Update<T>(ref T parameter, T gradient, ref T first, ref T second, ref T third) where T : struct, IElements<T>
    {
        first = T.MultiplyAdd(gradient, freshFirst, first * beta1);
        second = T.MultiplyAdd(gradient * gradient, freshSecond, second * beta2);
        parameter = T.MultiplyAdd(first / (T.Sqrt(second) * inverseRootCorrection + epsilon), descent, parameter * shrinkage);
    }
}
