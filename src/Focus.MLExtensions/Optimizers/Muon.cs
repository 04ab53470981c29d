using static TorchSharp.torch;

namespace Focus;

/// <summary>The options of optimizers that update matrices along an average of their gradients and leave other parameters to AdamW.</summary>
/// <remarks>Matrices are parameters with the roles <see cref="ParameterRole.HiddenMatrix"/> and <see cref="ParameterRole.ConvolutionKernel"/>.
/// A group's <see cref="ParameterGroup.LearningRate"/> overrides that of whichever optimizer updates it.</remarks>
public abstract record MatrixMomentumOptions : MomentumOptions
{
    private protected MatrixMomentumOptions() => Momentum = 0.95;

    /// <summary>The iterations of Newton–Schulz, at least 1.</summary>
    public int Iterations { get; init; } = 5;

    /// <summary>The optimizer of embeddings, the head, gains and biases, with a learning rate of its own.</summary>
    public AdamWOptions Auxiliary { get; init; } = new() { LearningRate = 3e-4, Beta1 = 0.9, Beta2 = 0.95, Epsilon = 1e-10, WeightDecay = 0 };

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.AtLeast(1, Iterations);
        ArgumentNullException.ThrowIfNull(Auxiliary);
        Auxiliary.Validate();
    }

    internal override bool NeedsMatrices => true;

    /// <inheritdoc/>
    protected internal override OptimizerSettings For(ParameterRole role)
        => role is ParameterRole.HiddenMatrix or ParameterRole.ConvolutionKernel ? this : Auxiliary;
}

/// <summary>How long the step of an orthogonalized matrix is.</summary>
public enum MatrixScale
{
    /// <summary>√max(1, rows/columns): each step changes a layer's outputs by as much as its inputs, whatever the shape.</summary>
    Spectral,

    /// <summary>0.2·√max(rows, columns): a root mean square of 0.2, as AdamW's steps have, so that AdamW's learning rate and decay fit
    /// (Moonlight, arXiv:2502.16982).</summary>
    RootMeanSquare,
}

/// <summary>Muon: momentum, orthogonalized by Newton–Schulz (kellerjordan.github.io/posts/muon).</summary>
/// <remarks>
/// <code>
/// M ← μ·M + (1−μ)·g        U = (1−μ)·g + μ·M (Nesterov) or M        O = NS(U)
/// θ ← θ − η·ω·θ            θ ← θ − η·s·O,  s = √max(1, rows/columns)
/// </code>
/// Convolution kernels are matrices of outputs × rest; the published code takes s from the size of the kernel there, which makes it 1 for square
/// ones. The published code also moves parameters that have no gradient, by their momentum, and iterates in bfloat16
/// (<see cref="BFloat16"/>). State: M. Newton–Schulz takes most of the time.
/// </remarks>
public sealed record MuonOptions : MatrixMomentumOptions
{
    /// <summary>Options with the published defaults: η 0.02, μ 0.95, Nesterov, five iterations, ω 0; AdamW with η 3e-4, β 0.9 and 0.95, ε 1e-10,
    /// ω 0.</summary>
    public MuonOptions() => LearningRate = 0.02;

    /// <summary>Whether the step looks one gradient ahead.</summary>
    public bool Nesterov { get; init; } = true;

    /// <summary>The factor s.</summary>
    public MatrixScale Scale { get; init; }

    /// <summary>Whether Newton–Schulz computes in bfloat16, which is faster on GPUs and changes a step by a few percent.</summary>
    public bool BFloat16 { get; init; }

    /// <inheritdoc/>
    public override string Name => "Muon";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.Defined(Scale);
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => new MuonMethod();
}

/// <summary>The steps of Muon; the formula is in <see cref="MuonOptions"/>.</summary>
internal sealed class MuonMethod : MatrixMethod<MuonOptions>
{
    protected override IEnumerable<long[]> StateShapes(MuonOptions options, MatrixShape shape) => [[shape.Count, shape.Rows, shape.Columns]];

    protected override void Update(MatrixBatch batch, MuonOptions options)
    {
        var direction = LookAhead(batch, options.Momentum, options.Nesterov);
        direction = NewtonSchulz.Orthogonalize(direction, options.Iterations, bfloat16: options.BFloat16);
        batch.Descend(direction, batch.LearningRate * ScaleOf(options.Scale, batch.Shape));
    }

    /// <summary>Takes the gradient into the momentum, the first tensor of state, and returns the direction to orthogonalize.</summary>
    public static Tensor LookAhead(MatrixBatch batch, double momentum, bool nesterov)
    {
        var average = batch.State(0).Average(batch.Gradients, momentum);
        return nesterov ? average.mul(LiveScalar.Of(momentum)).add_(batch.Gradients, LiveScalar.Of(1 - momentum)) : average;
    }

    public static double ScaleOf(MatrixScale scale, MatrixShape shape) => scale == MatrixScale.Spectral
        ? Math.Sqrt(Math.Max(1, (double)shape.Rows / shape.Columns))
        : 0.2 * Math.Sqrt(shape.Long);
}
