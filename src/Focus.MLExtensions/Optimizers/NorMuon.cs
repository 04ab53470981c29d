namespace Focus;

/// <summary>NorMuon: Muon with steps of equal length for each row, by a second moment of rows (arXiv:2510.05491).</summary>
/// <remarks>
/// With q one number for each row:
/// <code>
/// M ← μ·M + (1−μ)·g        U = (1−μ)·g + μ·M (Nesterov) or M        O = NS(U)        N = ‖O‖
/// q ← β2·q + (1−β2)·mean over columns of O²        O ← O/(√q + ε)        O ← O·N/(‖O‖ + ε)
/// θ ← θ − η·ω·θ            θ ← θ − η·s·O,  s = √max(1, rows/columns)
/// </code>
/// q has no bias correction: the common factor goes out with the norm. The paper sets the root mean square of a step to 0.2 instead of keeping N
/// and has no Nesterov momentum; the form here is the published code's. That code reads rows and columns of kernels from the kernel's size; here
/// kernels are matrices of outputs × rest. State: M and q.
/// </remarks>
public sealed record NorMuonOptions : MatrixMomentumOptions
{
    /// <summary>Options with the published defaults: η 0.02, μ 0.95, β2 0.95, Nesterov, five iterations, ω 0; AdamW with η 3e-4, β 0.9 and 0.95,
    /// ε 1e-10, ω 0.</summary>
    public NorMuonOptions() => LearningRate = 0.02;

    /// <summary>The decay β2 of the rows' second moment, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>The term ε beside the roots, finite and &gt; 0.</summary>
    public double Epsilon { get; init; } = 1e-10;

    /// <summary>Whether the step looks one gradient ahead.</summary>
    public bool Nesterov { get; init; } = true;

    /// <summary>The factor s.</summary>
    public MatrixScale Scale { get; init; }

    /// <summary>Whether Newton–Schulz computes in bfloat16, which is faster on GPUs and changes a step by a few percent.</summary>
    public bool BFloat16 { get; init; }

    /// <inheritdoc/>
    public override string Name => "NorMuon";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.Fraction(Beta2);
        Check.Positive(Epsilon);
        Check.Defined(Scale);
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => new NorMuonMethod();
}

/// <summary>The steps of NorMuon; the formula is in <see cref="NorMuonOptions"/>.</summary>
internal sealed class NorMuonMethod : MatrixMethod<NorMuonOptions>
{
    protected override IEnumerable<long[]> StateShapes(NorMuonOptions options, MatrixShape shape)
        => [[shape.Count, shape.Rows, shape.Columns], [shape.Count, shape.Rows, 1]];

    protected override void Update(MatrixBatch batch, NorMuonOptions options)
    {
        var direction = MuonMethod.LookAhead(batch, options.Momentum, options.Nesterov);
        direction = NewtonSchulz.Orthogonalize(direction, options.Iterations, bfloat16: options.BFloat16);
        var norms = direction.FrobeniusNorms();
        var rows = batch.State(1).Average(direction.square().mean([2], keepdim: true), options.Beta2);
        direction.div_(rows.sqrt().add_(LiveScalar.Of(options.Epsilon)));
        direction.mul_(norms.div(direction.FrobeniusNorms().add_(LiveScalar.Of(options.Epsilon))));
        batch.Descend(direction, batch.LearningRate * MuonMethod.ScaleOf(options.Scale, batch.Shape));
    }
}
