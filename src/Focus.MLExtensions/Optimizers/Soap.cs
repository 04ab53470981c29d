using static TorchSharp.torch;

namespace Focus;

/// <summary>SOAP: Adam in the eigenbases of Shampoo's preconditioner (arXiv:2409.11321).</summary>
/// <remarks>
/// With K and Q for each side of a matrix, rot(x) = Q_Lᵀ·x·Q_R and back(x) = Q_L·x·Q_Rᵀ, and k the steps after the first:
/// <code>
/// first step:  K_L ← (1−βs)·g·gᵀ,  K_R ← (1−βs)·gᵀ·g,  Q ← eigenvectors of K by descending eigenvalue; the parameter stays
/// h = rot(g)        m ← β1·m + (1−β1)·h        v ← β2·v + (1−β2)·h²
/// θ ← θ − η·√(1−β2^k)/(1−β1^k) · back(m / (√v + ε))        θ ← θ − η·ω·θ
/// K_L ← βs·K_L + (1−βs)·g·gᵀ        K_R ← βs·K_R + (1−βs)·gᵀ·g
/// at every f-th step:  columns of Q, and v with them, by descending diag(Qᵀ·K·Q),  Q ← QR(K·Q),  m into the new bases
/// </code>
/// A side longer than <see cref="LargestSide"/> keeps its coordinates, as do vectors and matrices of one row: Adam with ε beside the uncorrected
/// root, from the second step on. The signs of eigenvectors do not matter. Where K has less than full rank, as it has on the long side at the
/// first step, LAPACK chooses the rest of the basis, so that runs on other machines may differ; saved state continues exactly. Kernels are
/// matrices of outputs × rest. State: m, v, and K and Q of each side. The matrix of a side of 3072 takes 38 MB, and its first step seconds.
/// </remarks>
public sealed record SoapOptions : MomentOptions
{
    /// <summary>Options with the published defaults: η 3e-3, β1 0.95, β2 0.95, ε 1e-8, ω 0.01, f 10.</summary>
    public SoapOptions() => (LearningRate, Beta1, Beta2, WeightDecay) = (3e-3, 0.95, 0.95, 0.01);

    /// <summary>The decay βs of the preconditioner, in [0, 1); null for β2.</summary>
    public double? PreconditionerDecay { get; init; }

    /// <summary>After how many steps f the eigenbases are renewed, at least 1.</summary>
    public int RefreshInterval { get; init; } = 10;

    /// <summary>The longest side that has a preconditioner, at least 1.</summary>
    public int LargestSide { get; init; } = 10_000;

    /// <summary>Whether vectors and matrices of one row have a preconditioner.</summary>
    public bool PreconditionsVectors { get; init; }

    /// <summary>Whether each step is divided by its root mean square.</summary>
    public bool NormalizesSteps { get; init; }

    /// <summary>Whether the moments are corrected for their start at zero.</summary>
    public bool BiasCorrection { get; init; } = true;

    /// <inheritdoc/>
    public override string Name => "SOAP";

    /// <summary>Where tests give bases that another LAPACK found.</summary>
    internal SoapMethod.BasisSource? Bases { get; init; }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        if (PreconditionerDecay is { } decay) Check.Fraction(decay, nameof(PreconditionerDecay));
        Check.AtLeast(1, RefreshInterval);
        Check.AtLeast(1, LargestSide);
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => new SoapMethod();
}

/// <summary>The steps of SOAP; the formula is in <see cref="SoapOptions"/>.</summary>
internal sealed class SoapMethod : MatrixMethod<SoapOptions>
{
    /// <summary>The basis of a side of a parameter from a step on, and the order of the old basis' columns; null to compute them.</summary>
    public delegate (Tensor Basis, Tensor? Order)? BasisSource(int parameter, long step, bool isLeft);

    /// <summary>A side of the matrices; K has the number <see cref="State"/>, and Q the next one.</summary>
    private readonly record struct Side(bool IsLeft, long Length, int State);

    protected override bool TakesVectors => true;

    protected override IEnumerable<long[]> StateShapes(SoapOptions options, MatrixShape shape)
    {
        long[] moment = [shape.Count, shape.Rows, shape.Columns];
        var squares = Sides(options, shape).Select(side => new[] { shape.Count, side.Length, side.Length });
        return [moment, moment, .. squares.SelectMany(square => new[] { square, square })];
    }

    protected override void Update(MatrixBatch batch, SoapOptions options)
    {
        var sides = Sides(options, batch.Shape);
        if (batch.Step > 1) Descend(batch, options, sides);
        foreach (var side in sides) TakeGradient(batch, side, options.PreconditionerDecay ?? options.Beta2);
        if (batch.Step == 1)
            foreach (var side in sides) batch.State(side.State + 1).copy_(FirstBasis(batch, options, side));
        else if ((batch.Step - 1) % options.RefreshInterval == 0 && sides.Count > 0)
            Refresh(batch, options, sides);
    }

    /// <summary>The sides that have a preconditioner. The basis of a side of length 1 is a sign, which does not matter.</summary>
    private static List<Side> Sides(SoapOptions options, MatrixShape shape)
    {
        bool Has(long length) => length > 1 && length <= options.LargestSide && (shape.Rows > 1 || options.PreconditionsVectors);
        var sides = new List<Side>();
        if (Has(shape.Rows)) sides.Add(new(true, shape.Rows, 2));
        if (Has(shape.Columns)) sides.Add(new(false, shape.Columns, 2 + 2 * sides.Count));
        return sides;
    }

    private static void Descend(MatrixBatch batch, SoapOptions options, List<Side> sides)
    {
        var rotated = Rotate(batch, sides, batch.Gradients);
        var first = batch.State(0).Average(rotated, options.Beta1);
        var second = batch.State(1).AverageSquare(rotated, options.Beta2);
        var direction = RotateBack(batch, sides, first.div(second.sqrt().add_(LiveScalar.Of(options.Epsilon))));
        if (options.NormalizesSteps)
            direction = direction.div(direction.square().mean([1, 2], keepdim: true).sqrt_().add_(LiveScalar.Of(1e-30)));
        var rate = batch.LearningRate;
        if (options.BiasCorrection) rate *= Math.Sqrt(1 - Math.Pow(options.Beta2, batch.Step - 1)) / (1 - Math.Pow(options.Beta1, batch.Step - 1));
        batch.Descend(direction, rate, decaysAfterStep: true);
    }

    private static void TakeGradient(MatrixBatch batch, Side side, double decay)
    {
        var (gradient, transposed) = (batch.Gradients, batch.Gradients.transpose(1, 2));
        batch.State(side.State).Average(side.IsLeft ? gradient.matmul(transposed) : transposed.matmul(gradient), decay);
    }

    private static Tensor FirstBasis(MatrixBatch batch, SoapOptions options, Side side)
        => Given(batch, options, side)?.Basis ?? linalg.eigh(batch.State(side.State).Finite()).Item2.flip(2);

    private static void Refresh(MatrixBatch batch, SoapOptions options, List<Side> sides)
    {
        var first = RotateBack(batch, sides, batch.State(0));
        foreach (var side in sides) Refresh(batch, options, side);
        batch.State(0).copy_(Rotate(batch, sides, first));
    }

    /// <summary>One step of the power iteration, with the columns in the order of their eigenvalues.</summary>
    private static void Refresh(MatrixBatch batch, SoapOptions options, Side side)
    {
        var (basis, second) = (batch.State(side.State + 1), batch.State(1));
        var powers = batch.State(side.State).matmul(basis);
        var given = Given(batch, options, side);
        var order = given?.Order ?? basis.mul(powers).sum(1).sort(1, descending: true, stable: true).Indices;
        second.copy_(second.gather(side.IsLeft ? 1 : 2, order.unsqueeze(side.IsLeft ? 2 : 1).expand_as(second)));
        basis.copy_(given?.Basis ?? linalg.qr(powers.gather(2, order.unsqueeze(1).expand_as(powers))).Q);
    }

    private static Tensor Rotate(MatrixBatch batch, List<Side> sides, Tensor matrices)
    {
        foreach (var side in sides)
        {
            var basis = batch.State(side.State + 1);
            matrices = side.IsLeft ? basis.transpose(1, 2).matmul(matrices) : matrices.matmul(basis);
        }
        return matrices;
    }

    private static Tensor RotateBack(MatrixBatch batch, List<Side> sides, Tensor matrices)
    {
        foreach (var side in sides)
        {
            var basis = batch.State(side.State + 1);
            matrices = side.IsLeft ? basis.matmul(matrices) : matrices.matmul(basis.transpose(1, 2));
        }
        return matrices;
    }

    private static (Tensor Basis, Tensor? Order)? Given(MatrixBatch batch, SoapOptions options, Side side)
    {
        if (options.Bases is null) return null;
        var given = batch.Indices.Select(index => options.Bases(index, batch.Step, side.IsLeft)).ToList();
        if (given.Any(item => item is null)) return null;
        return (stack(given.Select(item => item!.Value.Basis)), given[0]!.Value.Order is null ? null : stack(given.Select(item => item!.Value.Order!)));
    }
}
