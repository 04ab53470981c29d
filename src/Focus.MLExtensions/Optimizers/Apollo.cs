using static TorchSharp.torch;

namespace Focus;

/// <summary>APOLLO: gradients scaled as Adam would scale their random projection (arXiv:2412.05270); with <see cref="Mini"/>,
/// APOLLO-Mini.</summary>
/// <remarks>
/// With A of random numbers N(0, 1)/√r, drawn anew at every T-th step, and R the gradient with its short side projected to r rows or columns:
/// <code>
/// R = g·Aᵀ or Aᵀ·g        m ← β1·m + (1−β1)·R        v ← β2·v + (1−β2)·R²        u = m/(√v + ε)
/// f = ‖u‖/(‖R‖ + 1e-8), for each row or column of the long side or for the whole matrix        d = √α·f·g
/// l = max(‖d‖/(N + 1e-8), 1.01)/1.01 (1 at the first step)        d ← d/l        N ← ‖d‖
/// θ ← θ − η·√(1−β2^t)/(1−β1^t)·d        θ ← θ − η·ω·θ
/// </code>
/// α enters by its root, as in the published code. After a gradient of zeros N is 0, and steps start again from about 1e-8 and grow by 1 % each:
/// with such gradients switch <see cref="LimitsGrowth"/> off. A depends on <see cref="Seed"/>, the parameter's place and the step alone. m and v
/// are not projected again when A changes. Kernels are matrices of outputs × rest. State: m and v of R's shape, A and N: hardly any for
/// APOLLO-Mini.
/// </remarks>
public sealed record ApolloOptions : MomentOptions
{
    /// <summary>Options with the published defaults: η 1e-3, β1 0.9, β2 0.999, ε 1e-6, ω 0, T 200, α 1, and a quarter of the short side as
    /// rank.</summary>
    public ApolloOptions() => (LearningRate, Epsilon) = (1e-3, 1e-6);

    /// <summary>APOLLO-Mini: rank 1, one factor for a matrix, and α 128.</summary>
    public static ApolloOptions Mini => new() { Rank = 1, TensorWise = true, Scale = 128 };

    /// <summary>The rank r, at least 1 and at most the short side of each matrix; null for a quarter of the short side.</summary>
    public int? Rank { get; init; }

    /// <summary>The scale α of the step, finite and &gt; 0.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>Whether a matrix has one factor, instead of one for each row or column.</summary>
    public bool TensorWise { get; init; }

    /// <summary>After how many steps T the projection is drawn anew, at least 1.</summary>
    public int RefreshInterval { get; init; } = 200;

    /// <summary>Whether the long side is projected instead of the short one; only with <see cref="TensorWise"/>.</summary>
    public bool ProjectsLongSide { get; init; }

    /// <summary>Whether the norm of a step may grow by 1 % only.</summary>
    public bool LimitsGrowth { get; init; } = true;

    /// <summary>Whether √α is applied before the limit of growth, and not after it.</summary>
    public bool ScalesBeforeLimit { get; init; }

    /// <summary>The seed of the projections.</summary>
    public int Seed { get; init; }

    /// <summary>The optimizer of embeddings, the head, gains and biases; null for AdamW with the learning rate, β, ε and ω of these options, as
    /// in the published code: ε uncorrected and the decay after the step.</summary>
    public AdamWOptions? Auxiliary { get; init; }

    /// <summary>Where tests give projections, by parameter and step.</summary>
    internal Func<int, long, Tensor>? Projections { get; init; }

    /// <inheritdoc/>
    public override string Name => Rank == 1 ? "APOLLO-Mini" : "APOLLO";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.AtLeast(1, Rank);
        Check.Positive(Scale);
        Check.AtLeast(1, RefreshInterval);
        if (ProjectsLongSide && !TensorWise)
            throw new ArgumentException($"{nameof(ProjectsLongSide)} needs {nameof(TensorWise)}: the projection has no rows or columns of the long side.");
        Auxiliary?.Validate();
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => new ApolloMethod();

    internal override bool NeedsMatrices => true;

    /// <inheritdoc/>
    protected internal override OptimizerSettings For(ParameterRole role)
        => role is ParameterRole.HiddenMatrix or ParameterRole.ConvolutionKernel ? this : Auxiliary ?? UncorrectedAdamW;
}

/// <summary>The steps of APOLLO; the formula is in <see cref="ApolloOptions"/>.</summary>
internal sealed class ApolloMethod : MatrixMethod<ApolloOptions>
{
    private const double Tiny = 1e-8, Growth = 1.01;

    /// <summary>The tensors of state: m, v, A and N.</summary>
    protected override IEnumerable<long[]> StateShapes(ApolloOptions options, MatrixShape shape)
    {
        if (options.Rank > shape.Short)
            throw Check.OutOfRange(nameof(options.Rank), options.Rank, $"at most {shape.Short}, the short side of the matrices of shape {shape}");
        var rank = options.Rank ?? Math.Max(1, shape.Short / 4);
        var (projected, projection) = ProjectsColumns(options, shape)
            ? (new[] { shape.Count, shape.Rows, rank }, new[] { shape.Count, rank, shape.Columns })
            : (new[] { shape.Count, rank, shape.Columns }, new[] { shape.Count, shape.Rows, rank });
        return [projected, projected, projection, [shape.Count, 1, 1]];
    }

    protected override void Update(MatrixBatch batch, ApolloOptions options)
    {
        if ((batch.Step - 1) % options.RefreshInterval == 0) Draw(batch, options);
        var direction = Scaled(batch, options);
        if (options.ScalesBeforeLimit) direction.mul_(LiveScalar.Of(Math.Sqrt(options.Scale)));
        if (options.LimitsGrowth) Limit(batch, direction);
        if (!options.ScalesBeforeLimit) direction.mul_(LiveScalar.Of(Math.Sqrt(options.Scale)));
        batch.Descend(
            direction, batch.LearningRate * Math.Sqrt(batch.Correction(options.Beta2)) / batch.Correction(options.Beta1), decaysAfterStep: true);
    }

    private static bool ProjectsColumns(ApolloOptions options, MatrixShape shape) => shape.Rows >= shape.Columns != options.ProjectsLongSide;

    private static void Draw(MatrixBatch batch, ApolloOptions options)
    {
        var projection = batch.State(2);
        var size = projection.shape;
        size[0] = batch.Shape.Count;
        var rank = ProjectsColumns(options, batch.Shape) ? size[1] : size[2];
        var drawn = batch.Indices.Select(index => options.Projections?.Invoke(index, batch.Step) ?? Normal(index));
        projection.copy_(cat(drawn.ToArray(), 0));

        Tensor Normal(int index)
        {
            var key = new StreamKey(options.Seed).With("projection").With((ulong)index).With((ulong)batch.Step);
            using var generator = new Generator(key.State().Low);
            return randn(size, ScalarType.Float32, generator: generator).div_(LiveScalar.Of(Math.Sqrt(rank)));
        }
    }

    /// <summary>f·g.</summary>
    private static Tensor Scaled(MatrixBatch batch, ApolloOptions options)
    {
        var (gradient, projection, byColumns) = (batch.Gradients, batch.State(2), ProjectsColumns(options, batch.Shape));
        var projected = byColumns ? gradient.matmul(projection.transpose(1, 2)) : projection.transpose(1, 2).matmul(gradient);
        var first = batch.State(0).Average(projected, options.Beta1);
        var second = batch.State(1).AverageSquare(projected, options.Beta2);
        var direction = first.div(second.sqrt().add_(LiveScalar.Of(options.Epsilon)));
        long[] dimensions = options.TensorWise ? [1, 2] : byColumns ? [2] : [1];
        return gradient.mul(Norms(direction).div(Norms(projected).add_(LiveScalar.Of(Tiny))));

        Tensor Norms(Tensor matrices) => linalg.vector_norm(matrices, 2, dimensions, keepdim: true);
    }

    private static void Limit(MatrixBatch batch, Tensor direction)
    {
        var norms = direction.FrobeniusNorms();
        var former = batch.State(3);
        if (batch.Step > 1)
        {
            var excess = norms.div(former.add(LiveScalar.Of(Tiny))).clamp_min(LiveScalar.Of(Growth)).div_(LiveScalar.Of(Growth));
            direction.div_(excess);
            norms = norms.div(excess);
        }
        former.copy_(norms);
    }
}
