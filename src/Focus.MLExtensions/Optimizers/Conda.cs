using static TorchSharp.torch;

namespace Focus;

/// <summary>Conda: Adam's second moment in the singular basis of the momentum (arXiv:2509.24218).</summary>
/// <remarks>
/// With B the singular vectors of m on its short side, and pr and back the products with B into and out of that basis:
/// <code>
/// m ← β1·m + (1−β1)·g        at every T-th step, from the first:  B ← singular vectors of m
/// v ← β2·v + (1−β2)·pr(g)²
/// θ ← θ − η·√(1−β2^t)/(1−β1^t)·s·back(pr(m)/(√v + ε))        θ ← θ − η·ω·θ
/// </code>
/// v is not rotated when B changes. The signs of singular vectors do not matter. Where m has less than full rank LAPACK chooses the rest of B, so
/// that runs on other machines may differ; saved state continues exactly. Kernels are matrices of outputs × rest. State: m, v and B.
/// </remarks>
public sealed record CondaOptions : MomentOptions
{
    /// <summary>Options with the published defaults: η 1e-3, β1 0.9, β2 0.999, ε 1e-8, ω 0, T 2000, s 1.</summary>
    public CondaOptions() => LearningRate = 1e-3;

    /// <summary>After how many steps T the basis is renewed, at least 1.</summary>
    public int RefreshInterval { get; init; } = 2000;

    /// <summary>The scale s of a matrix' step, finite and &gt; 0; the authors take 0.25 for LLaMA.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>The optimizer of embeddings, the head, gains and biases; null for AdamW with the learning rate, β, ε and ω of these options, as
    /// in the published code: ε uncorrected and the decay after the step.</summary>
    public AdamWOptions? Auxiliary { get; init; }

    /// <inheritdoc/>
    public override string Name => "Conda";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.AtLeast(1, RefreshInterval);
        Check.Positive(Scale);
        Auxiliary?.Validate();
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => new CondaMethod();

    internal override bool NeedsMatrices => true;

    /// <inheritdoc/>
    protected internal override OptimizerSettings For(ParameterRole role)
        => role is ParameterRole.HiddenMatrix or ParameterRole.ConvolutionKernel ? this : Auxiliary ?? UncorrectedAdamW;
}

/// <summary>The steps of Conda; the formula is in <see cref="CondaOptions"/>. The columns of the basis are the singular vectors.</summary>
internal sealed class CondaMethod : MatrixMethod<CondaOptions>
{
    /// <summary>The tensors of state: m, v and B.</summary>
    protected override IEnumerable<long[]> StateShapes(CondaOptions options, MatrixShape shape)
        => [[shape.Count, shape.Rows, shape.Columns], [shape.Count, shape.Rows, shape.Columns], [shape.Count, shape.Short, shape.Short]];

    protected override void Update(MatrixBatch batch, CondaOptions options)
    {
        var isTall = batch.Shape.Rows >= batch.Shape.Columns;
        var first = batch.State(0).Average(batch.Gradients, options.Beta1);
        var basis = batch.State(2);
        if ((batch.Step - 1) % options.RefreshInterval == 0)
        {
            var (left, _, right) = linalg.svd(first.Finite(), fullMatrices: false);
            basis.copy_(isTall ? right.transpose(1, 2) : left);
        }
        var second = batch.State(1).AverageSquare(Into(batch.Gradients), options.Beta2);
        var direction = OutOf(Into(first).div_(second.sqrt().add_(LiveScalar.Of(options.Epsilon))));
        var rate = batch.LearningRate * Math.Sqrt(batch.Correction(options.Beta2)) / batch.Correction(options.Beta1);
        batch.Descend(direction, rate * options.Scale, decaysAfterStep: true);

        Tensor Into(Tensor matrices) => isTall ? matrices.matmul(basis) : basis.transpose(1, 2).matmul(matrices);
        Tensor OutOf(Tensor matrices) => isTall ? matrices.matmul(basis.transpose(1, 2)) : basis.matmul(matrices);
    }
}
