namespace Focus;

/// <summary>AuON: momentum, scaled by the hyperbolic cosine of its normalised elements; with <see cref="Orthogonalizes"/>, HybridAuON
/// (arXiv:2509.24320).</summary>
/// <remarks>
/// <code>
/// θ ← θ − η·ω·θ        m ← μ·m + (1−μ)·g        u = (1−μ)·g + μ·m        hybrid:  u ← NS(u)
/// R = √mean(cosh(γ·u/(‖u‖ + 1e-7))²)            θ ← θ − η·u/(R + 1e-8)
/// </code>
/// R² is about 1 + γ²/N for a matrix of N elements, and so 1.000002 for 768×768 and γ 1.5: the form here, the published code's, is SGD with
/// Nesterov momentum to six digits for matrices of real models. The paper divides u/‖u‖ by R, has the factor √max(1, rows/columns), and one
/// iteration in the hybrid. State: m.
/// </remarks>
public sealed record AuOnOptions : MatrixMomentumOptions
{
    /// <summary>Options with the published defaults: η 0.24, μ 0.95, γ 1.5, ω 0, five iterations in the hybrid; AdamW with η 8e-3, β 0.8 and
    /// 0.95, ε 1e-8, uncorrected, ω 0.</summary>
    public AuOnOptions()
    {
        LearningRate = 0.24;
        Auxiliary = new() { LearningRate = 8e-3, Beta1 = 0.8, Beta2 = 0.95, WeightDecay = 0, UncorrectedEpsilon = true };
    }

    /// <summary>The factor γ in the hyperbolic cosine, 0 to 40.</summary>
    public double Gamma { get; init; } = 1.5;

    /// <summary>Whether the direction is orthogonalized first, as HybridAuON's is.</summary>
    public bool Orthogonalizes { get; init; }

    /// <inheritdoc/>
    public override string Name => Orthogonalizes ? "HybridAuON" : "AuON";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.Between(0, 40, Gamma); // The square of cosh(45) overflows in float32.
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => new AuOnMethod();
}

/// <summary>The steps of AuON; the formula is in <see cref="AuOnOptions"/>.</summary>
internal sealed class AuOnMethod : MatrixMethod<AuOnOptions>
{
    protected override IEnumerable<long[]> StateShapes(AuOnOptions options, MatrixShape shape) => [[shape.Count, shape.Rows, shape.Columns]];

    protected override void Update(MatrixBatch batch, AuOnOptions options)
    {
        var direction = MuonMethod.LookAhead(batch, options.Momentum, nesterov: true);
        if (options.Orthogonalizes) direction = NewtonSchulz.Orthogonalize(direction, options.Iterations);
        var inverseNorms = direction.FrobeniusNorms().add_(LiveScalar.Of(1e-7)).reciprocal_().mul_(LiveScalar.Of(options.Gamma));
        var scale = direction.mul(inverseNorms).cosh_().square().mean([1, 2], keepdim: true).sqrt_();
        batch.Descend(direction.div(scale.add_(LiveScalar.Of(1e-8))), batch.LearningRate);
    }
}
