using static TorchSharp.torch;

namespace Focus;

/// <summary>ROOT: Muon with outliers clipped before the orthogonalization, and coefficients for shapes (arXiv:2511.20626).</summary>
/// <remarks>
/// <code>
/// M ← μ·M + g        U = g + μ·M (Nesterov) or M        B = U clipped to ±(quantile of |U| + 1e-9)        O = NS(B)
/// θ ← θ − η·ω·θ      θ ← θ − η·0.2·√max(rows, columns)·O
/// </code>
/// The quantile is that of a matrix, 90 % by default, at each step. The published code has coefficients of Newton–Schulz for matrices of 2048 by
/// 2048, 3072, 8192 and 16384, and Muon's for others. The paper clips M itself, without Nesterov momentum and the factor of the shape, and
/// by a fixed threshold; the form here is the published code's. State: M.
/// </remarks>
public sealed record RootOptions : MatrixMomentumOptions
{
    /// <summary>Options with the published defaults: η 1e-3, μ 0.95, Nesterov, five iterations, ω 0.1; AdamW with the same η and ω, β 0.9 and
    /// 0.95, ε 1e-8, uncorrected.</summary>
    public RootOptions()
    {
        (LearningRate, WeightDecay) = (1e-3, 0.1);
        Auxiliary = new() { LearningRate = 1e-3, Beta1 = 0.9, Beta2 = 0.95, WeightDecay = 0.1, UncorrectedEpsilon = true };
    }

    /// <summary>The share of a matrix' elements that are not clipped, in [0, 1].</summary>
    public double Quantile { get; init; } = 0.9;

    /// <summary>Whether the step looks one gradient ahead.</summary>
    public bool Nesterov { get; init; } = true;

    /// <inheritdoc/>
    public override string Name => "ROOT";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.Between(0, 1, Quantile);
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => new RootMethod();
}

/// <summary>The steps of ROOT; the formula is in <see cref="RootOptions"/>.</summary>
internal sealed class RootMethod : MatrixMethod<RootOptions>
{
    protected override IEnumerable<long[]> StateShapes(RootOptions options, MatrixShape shape) => [[shape.Count, shape.Rows, shape.Columns]];

    protected override void Update(MatrixBatch batch, RootOptions options)
    {
        var sum = batch.State(0).mul_(LiveScalar.Of(options.Momentum)).add_(batch.Gradients, LiveScalar.One);
        var direction = options.Nesterov ? batch.Gradients.add(sum, LiveScalar.Of(options.Momentum)) : sum;
        var threshold = Quantiles(direction.abs().flatten(1), options.Quantile).add_(LiveScalar.Of(1e-9)).view(-1, 1, 1);
        direction = direction.clamp(threshold.neg(), threshold);
        direction = NewtonSchulz.Orthogonalize(direction, options.Iterations, CoefficientsOf(batch.Shape));
        batch.Descend(direction, batch.LearningRate * MuonMethod.ScaleOf(MatrixScale.RootMeanSquare, batch.Shape));
    }

    private static (double A, double B, double C) CoefficientsOf(MatrixShape shape) => (shape.Short, shape.Long) switch
    {
        (2048, 2048) => (3.4916, -4.8224, 2.1095),
        (2048, 3072) => (3.4509, -4.5790, 1.9325),
        (2048, 8192) => (2.9794, -3.6674, 1.6207),
        (2048, 16384) => (3.1943, -3.8221, 1.5322),
        _ => NewtonSchulz.Muon,
    };

    /// <summary>The quantile of each row, between two of its values where it falls between them. A selection, which takes a tenth of the time of
    /// the sorting that torch's quantile does.</summary>
    private static Tensor Quantiles(Tensor rows, double quantile)
    {
        var place = quantile * (rows.shape[1] - 1);
        var rank = (int)place;
        var upper = rows.topk((int)rows.shape[1] - rank, sorted: false).values;
        var next = upper.topk(Math.Min(2, (int)upper.shape[1]), largest: false).values;
        var (low, high) = (next.select(1, 0), next.select(1, next.shape[1] - 1));
        return low.add(high.sub(low), LiveScalar.Of(place - rank));
    }
}
