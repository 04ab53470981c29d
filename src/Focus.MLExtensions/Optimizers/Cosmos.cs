using static TorchSharp.torch;

namespace Focus;

/// <summary>COSMOS: SOAP in the leading eigenspace of the gradients, Muon in the rest (arXiv:2502.17410).</summary>
/// <remarks>
/// For matrices of m × n, with P of n × r for the leading space, c = √(m·n), and b = (1−β1^t)/(1−β1):
/// <code>
/// M ← β1·M + g        U = (g + β1·M)/(1 + β1·b) with Nesterov momentum, otherwise g/b
/// first step:  P = leading eigenvectors of gᵀ·g,  S = (1−β2)·(g·P)ᵀ·(g·P)
/// later:       P' = QR(β2·P·S + (1−β2)·gᵀ·(g·P)),  T = Pᵀ·P',  P ← P',  S ← β2·Tᵀ·S·T + (1−β2)·(g·P)ᵀ·(g·P)
/// v ← β2·v + (1−β2)·(g·P)²
/// D = (U·P/(√v/√(1−β2^t) + ε))·Pᵀ        O = NS(U − U·P·Pᵀ)        D ← D + γ·c·O/(‖O‖ + ε)
/// θ ← θ − η·ω·θ        θ ← θ − c·ρ·η·D/(‖D‖ + ε)
/// </code>
/// Vectors, matrices of one row and those with more than <see cref="MostRows"/> rows, such as the embeddings of large vocabularies, take AdamW with
/// m ← β1·m + 0.1·g and the correction 1 − 0.9^t, whatever β1: set <see cref="Auxiliary"/> where β1 is not 0.9. Without Nesterov momentum the
/// published code has no momentum in matrices at all; the paper has an average instead of a sum. Kernels are matrices of outputs × rest. The
/// signs of eigenvectors do not matter. Where g has rank less than r at the first step LAPACK chooses the rest of P, so that runs on other
/// machines may differ; saved state continues exactly. Where n − r is small, U − U·P·Pᵀ has hardly any rank and Newton–Schulz amplifies rounding.
/// State: M, P, S and v.
/// </remarks>
public sealed record CosmosOptions : MomentOptions
{
    /// <summary>Options with the published defaults: η 1e-3, β1 0.9, β2 0.999, ε 1e-8, ω 0, r 64, γ 0.2, ρ 0.1, Nesterov.</summary>
    public CosmosOptions() => LearningRate = 1e-3;

    /// <summary>The rank r of the leading space, at least 1 and at most the columns of each matrix.</summary>
    public int Rank { get; init; } = 64;

    /// <summary>The weight γ of the rest, finite and ≥ 0.</summary>
    public double Gamma { get; init; } = 0.2;

    /// <summary>The ratio ρ of matrices' learning rate to that of other parameters, finite and ≥ 0.</summary>
    public double MatrixRatio { get; init; } = 0.1;

    /// <summary>Whether the step looks one gradient ahead.</summary>
    public bool Nesterov { get; init; } = true;

    /// <summary>The iterations of Newton–Schulz, at least 1.</summary>
    public int Iterations { get; init; } = 5;

    /// <summary>The most rows of a matrix, at least 1; with more it is updated as vectors are.</summary>
    public int MostRows { get; init; } = 10_000;

    /// <summary>Whether Newton–Schulz computes in bfloat16, as in the published code.</summary>
    public bool BFloat16 { get; init; }

    /// <summary>The optimizer of embeddings, the head, gains and biases; null for these options.</summary>
    public AdamWOptions? Auxiliary { get; init; }

    /// <inheritdoc/>
    public override string Name => "COSMOS";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.AtLeast(1, Rank);
        Check.NonNegative(Gamma);
        Check.NonNegative(MatrixRatio);
        Check.AtLeast(1, Iterations);
        Check.AtLeast(1, MostRows);
        Auxiliary?.Validate();
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => new CosmosMethod();

    internal override bool NeedsMatrices => Auxiliary is not null;

    /// <inheritdoc/>
    protected internal override OptimizerSettings For(ParameterRole role)
        => role is ParameterRole.HiddenMatrix or ParameterRole.ConvolutionKernel ? this : Auxiliary ?? (OptimizerSettings)this;
}

/// <summary>The steps of COSMOS; the formula is in <see cref="CosmosOptions"/>.</summary>
internal sealed class CosmosMethod : MatrixMethod<CosmosOptions>
{
    /// <summary>The decay that the published code takes for vectors' momentum and its correction, whatever β1.</summary>
    private const double VectorDecay = 0.9;

    protected override bool TakesVectors => true;

    /// <summary>The tensors of state: M, v, P and S; of vectors, m and v.</summary>
    protected override IEnumerable<long[]> StateShapes(CosmosOptions options, MatrixShape shape)
    {
        long[] momentum = [shape.Count, shape.Rows, shape.Columns];
        if (IsVector(options, shape)) return [momentum, momentum];
        if (options.Rank > shape.Columns)
            throw Check.OutOfRange(nameof(options.Rank), options.Rank, $"at most {shape.Columns}, the columns of the matrices of shape {shape}");
        return
        [
            momentum, [shape.Count, shape.Rows, options.Rank], [shape.Count, shape.Columns, options.Rank], [shape.Count, options.Rank, options.Rank],
        ];
    }

    protected override void Update(MatrixBatch batch, CosmosOptions options)
    {
        if (IsVector(options, batch.Shape))
        {
            UpdateVectors(batch, options);
            return;
        }
        var projected = MoveLeadingSpace(batch, options);
        var second = batch.State(1).AverageSquare(projected, options.Beta2);
        var direction = Direction(batch, options, Ahead(batch, options), second);
        var size = Math.Sqrt((double)batch.Shape.Rows * batch.Shape.Columns);
        direction.div_(direction.FrobeniusNorms().add_(LiveScalar.Of(options.Epsilon)));
        batch.Descend(direction, size * options.MatrixRatio * batch.LearningRate);
    }

    private static bool IsVector(CosmosOptions options, MatrixShape shape) => shape.Rows == 1 || shape.Rows > options.MostRows;

    private static void UpdateVectors(MatrixBatch batch, CosmosOptions options)
    {
        var first = batch.State(0).mul_(LiveScalar.Of(options.Beta1)).add_(batch.Gradients, LiveScalar.Of(1 - VectorDecay));
        var root = batch.State(1).AverageSquare(batch.Gradients, options.Beta2).sqrt().div_(LiveScalar.Of(Math.Sqrt(batch.Correction(options.Beta2))));
        batch.Descend(first.div(root.add_(LiveScalar.Of(options.Epsilon))), batch.LearningRate / batch.Correction(VectorDecay));
    }

    /// <summary>Takes the gradient into P and S, and returns g·P with the new P.</summary>
    private static Tensor MoveLeadingSpace(MatrixBatch batch, CosmosOptions options)
    {
        var (gradient, space, moments) = (batch.Gradients, batch.State(2), batch.State(3));
        var transposed = gradient.transpose(1, 2);
        if (batch.Step == 1)
            space.copy_(linalg.eigh(transposed.matmul(gradient).Finite()).Item2.narrow(2, batch.Shape.Columns - options.Rank, options.Rank).flip(2));
        else
        {
            var powers = space.matmul(moments).Average(transposed.matmul(gradient.matmul(space)), options.Beta2);
            var next = linalg.qr(powers).Q;
            var turn = space.transpose(1, 2).matmul(next);
            moments.copy_(turn.transpose(1, 2).matmul(moments).matmul(turn));
            space.copy_(next);
        }
        var projected = gradient.matmul(space);
        moments.Average(projected.transpose(1, 2).matmul(projected), options.Beta2);
        return projected;
    }

    /// <summary>Takes the gradient into the momentum, and returns U.</summary>
    private static Tensor Ahead(MatrixBatch batch, CosmosOptions options)
    {
        var sum = batch.State(0).mul_(LiveScalar.Of(options.Beta1)).add_(batch.Gradients, LiveScalar.One);
        var weight = batch.Correction(options.Beta1) / (1 - options.Beta1);
        return options.Nesterov
            ? batch.Gradients.add(sum, LiveScalar.Of(options.Beta1)).div_(LiveScalar.Of(1 + options.Beta1 * weight))
            : batch.Gradients.div(LiveScalar.Of(weight));
    }

    /// <summary>D: the leading part as Adam scales it, and the rest orthogonalized.</summary>
    private static Tensor Direction(MatrixBatch batch, CosmosOptions options, Tensor ahead, Tensor second)
    {
        var space = batch.State(2);
        var (leading, transposed) = (ahead.matmul(space), space.transpose(1, 2));
        var rest = NewtonSchulz.Orthogonalize(ahead.sub(leading.matmul(transposed)), options.Iterations, bfloat16: options.BFloat16);
        var root = second.sqrt().div_(LiveScalar.Of(Math.Sqrt(batch.Correction(options.Beta2)))).add_(LiveScalar.Of(options.Epsilon));
        rest.div_(rest.FrobeniusNorms().add_(LiveScalar.Of(options.Epsilon)));
        var size = Math.Sqrt((double)batch.Shape.Rows * batch.Shape.Columns);
        return leading.div_(root).matmul(transposed).add_(rest, LiveScalar.Of(options.Gamma * size));
    }
}
