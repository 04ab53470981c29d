using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>Sophia-G: the momentum over an estimate of the curvature's diagonal, clipped (arXiv:2305.14342).</summary>
/// <remarks>
/// <code>
/// θ ← θ − η·ω·θ        m ← β1·m + (1−β1)·g        θ ← θ − η·sign(m)·min(|m| / (ρ·B·h + 1e-15), 1)
/// every k steps, after the step:  h ← β2·h + (1−β2)·ĝ²
/// </code>
/// ĝ is the gradient of the mean loss with labels that are drawn from the model's own output (Gauss–Newton–Bartlett), B the number of tokens in
/// a batch. The optimizer is an <see cref="ICurvatureOptimizer"/>; this library's trainers feed it by themselves. State: m and h. One pass over
/// memory.
/// </remarks>
public sealed record SophiaGOptions : OptimizerSettings
{
    /// <summary>Options with the published defaults: η 1e-4, β1 0.965, β2 0.99, ρ 0.04, ω 0.1, B 5120, k 10.</summary>
    public SophiaGOptions() => (LearningRate, WeightDecay) = (1e-4, 0.1);

    /// <summary>The decay β1 of the momentum, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.965;

    /// <summary>The decay β2 of the curvature, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.99;

    /// <summary>The factor ρ of the curvature, finite and &gt; 0; the published scripts use 0.03 to 0.05.</summary>
    public double Rho { get; init; } = 0.04;

    /// <summary>The tokens (or examples) B of which ĝ is the mean, ≥ 1.</summary>
    public long BatchTokens { get; init; } = 5120;

    /// <summary>The steps k from one estimate to the next, ≥ 1.</summary>
    public long CurvatureInterval { get; init; } = 10;

    /// <inheritdoc/>
    public override string Name => "Sophia-G";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.Fraction(Beta1);
        Check.Fraction(Beta2);
        Check.Positive(Rho);
        Check.AtLeast(1, BatchTokens);
        Check.AtLeast(1, CurvatureInterval);
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => UpdateMethod.Elementwise<SophiaGRule, SophiaGOptions>();

    /// <inheritdoc/>
    protected internal override double? CycledMomentum => Beta1;

    /// <inheritdoc/>
    protected internal override OptimizerSettings WithMomentum(double momentum) => this with { Beta1 = momentum };

    internal override (CurvatureKind Kind, long Interval) Curvature => (CurvatureKind.SampledGradient, CurvatureInterval);

    internal override void TakeCurvature<T>(T estimate, ref T first, ref T second, ref T third)
        => second = new Decay(Beta2).Average(second, estimate * estimate);

    /// <summary>B·ĝ² estimates the Gauss–Newton part of the Hessian, which is not negative.</summary>
    internal override T ExactCurvature<T>(T hessianDiagonal) => T.Sqrt(T.Positive(hessianDiagonal) * hessianDiagonal / BatchTokens);
}

/// <summary>One step of Sophia-G; the formula is in <see cref="SophiaGOptions"/>.</summary>
internal readonly struct SophiaGRule : IUpdateRule<SophiaGRule, SophiaGOptions>
{
    private readonly Decay beta1;
    private readonly Coefficient descent, shrinkage, scale;

    private SophiaGRule(SophiaGOptions options, UpdateStep step)
    {
        beta1 = new(options.Beta1);
        descent = -step.LearningRate;
        shrinkage = 1 - step.LearningRate * options.WeightDecay;
        scale = options.Rho * options.BatchTokens;
    }

    public static int StateCount => 2;

    public static SophiaGRule At(SophiaGOptions options, UpdateStep step) => new(options, step);

    [MethodImpl(FloatElements.Inline)]
    public void Update<T>(ref T parameter, T gradient, ref T momentum, ref T curvature, ref T third) where T : struct, IElements<T>
    {
        momentum = beta1.Average(momentum, gradient);
        var size = T.Min(T.Abs(momentum) / (curvature * scale + 1e-15), 1);
        parameter = T.MultiplyAdd(T.Sign(momentum) * size, descent, parameter * shrinkage);
    }
}
