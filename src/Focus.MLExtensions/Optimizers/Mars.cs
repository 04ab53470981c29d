using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>How MARS makes a step of the corrected gradient.</summary>
public enum MarsForm
{
    /// <summary>As AdamW.</summary>
    AdamW,

    /// <summary>By the sign of the momentum, as Lion.</summary>
    Lion,

    /// <summary>By the orthogonalized momentum, as Muon; for matrices.</summary>
    Shampoo,
}

/// <summary>MARS: AdamW, Lion or Muon on a gradient that is corrected by its change since the step before (arXiv:2411.10438).</summary>
/// <remarks>
/// <code>
/// c = g + γ·β1/(1−β1)·(g − g_before)        c ← c/‖c‖ where ‖c‖ &gt; 1 (for each tensor)
/// m ← β1·m + (1−β1)·c
/// AdamW form:  v ← β2·v + (1−β2)·c²,  θ ← θ − η·( m/(1−β1^t) / (√v/√(1−β2^t) + ε) + ω·θ )
/// Lion form:   θ ← θ − η·( sign(m) + ω·θ )
/// Shampoo form:  θ ← θ − η·( √max(1, rows/columns)·NS(m/(1−β1)) + ω·θ )
/// </code>
/// g_before is the gradient of the step before, and 0 at the first. With <see cref="Exact"/> it is the gradient of the present step's loss at the
/// weights from before the last step: a second gradient, which the trainers provide (<see cref="ICurvatureOptimizer"/>). Parameters with one
/// dimension take <see cref="Auxiliary"/>. The published code keeps a reference to the gradient as g_before, which is lost where gradients are
/// accumulated in place; here it is a copy. State: m, v and g_before, or m and g_before in the Shampoo form; with <see cref="Exact"/> also the
/// weights before. Two passes over memory.
/// </remarks>
public sealed record MarsOptions : MomentOptions
{
    /// <summary>Options with the published defaults: η 3e-3, β1 0.95, β2 0.99, ε 1e-8, γ 0.025, ω 0.</summary>
    public MarsOptions() => (LearningRate, Beta1, Beta2) = (3e-3, 0.95, 0.99);

    /// <summary>The strength γ of the correction, finite and ≥ 0.</summary>
    public double Gamma { get; init; } = 0.025;

    /// <summary>How a step is made.</summary>
    public MarsForm Form { get; init; }

    /// <summary>Whether the gradient before is that of the present step's loss: two gradients a step.</summary>
    public bool Exact { get; init; }

    /// <summary>The optimizer of gains and biases, or null for MARS itself.</summary>
    public AdamWOptions? Auxiliary { get; init; } = new() { LearningRate = 3e-3, Beta1 = 0.9, Beta2 = 0.95, WeightDecay = 0.1 };

    /// <inheritdoc/>
    public override string Name => "MARS";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.NonNegative(Gamma);
        Check.Defined(Form);
        Auxiliary?.Validate();
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => Form == MarsForm.Shampoo ? new MarsShampooMethod() : UpdateMethod.Measured<MarsRule, MarsOptions>();

    internal override (CurvatureKind Kind, long Interval) Curvature => (Exact ? CurvatureKind.PreviousGradient : CurvatureKind.None, 1);

    internal override void TakeCurvature<T>(T estimate, ref T first, ref T second, ref T third)
        => (Form == MarsForm.Shampoo ? ref second : ref third) = estimate;

    /// <inheritdoc/>
    protected internal override OptimizerSettings For(ParameterRole role) => role == ParameterRole.GainOrBias && Auxiliary is not null ? Auxiliary : this;
}

/// <summary>One step of MARS; the formula is in <see cref="MarsOptions"/>.</summary>
internal readonly struct MarsRule : IMeasuredRule<MarsRule, MarsOptions>
{
    private readonly Decay beta1, beta2;
    private readonly Coefficient correction, descent, epsilon, shrinkage, inverseRootCorrection;
    private readonly bool lion;

    private MarsRule(MarsOptions options, UpdateStep step)
    {
        (beta1, beta2) = (new(options.Beta1), new(options.Beta2));
        correction = options.Gamma * options.Beta1 / (1 - options.Beta1);
        lion = options.Form == MarsForm.Lion;
        descent = -step.LearningRate / (lion ? 1 : step.Correction(options.Beta1));
        epsilon = options.Epsilon;
        shrinkage = 1 - step.LearningRate * options.WeightDecay;
        inverseRootCorrection = 1 / Math.Sqrt(step.Correction(options.Beta2));
    }

    public static int StateCount => 3;

    public static int SumCount => 1;

    public static MeasuredArrays Measured => MeasuredArrays.Gradient | MeasuredArrays.Third;

    public bool NeedsSums => true;

    public static MarsRule At(MarsOptions options, UpdateStep step) => new(options, step);

    [MethodImpl(FloatElements.Inline)]
    public void Measure<T>(T parameter, T gradient, T first, T second, T before, ref BlockSums<T> sums) where T : struct, IElements<T>
    {
        var corrected = Corrected(gradient, before);
        sums.A += corrected * corrected;
    }

    public void Decide(BlockDecision blocks) => blocks.Set(0, 1 / Math.Max(1, Math.Sqrt(blocks.Sums(0).A)));

    [MethodImpl(FloatElements.Inline)]
    public void Update<T>(ref T parameter, T gradient, ref T first, ref T second, ref T before, T scale, T unused)
        where T : struct, IElements<T>
    {
        var corrected = Corrected(gradient, before) * scale;
        before = gradient;
        first = beta1.Average(first, corrected);
        second = beta2.Average(second, corrected * corrected);
        var direction = lion ? T.Sign(first) : first / (T.Sqrt(second) * inverseRootCorrection + epsilon);
        parameter = T.MultiplyAdd(direction, descent, parameter * shrinkage);
    }

    [MethodImpl(FloatElements.Inline)]
    private T Corrected<T>(T gradient, T before) where T : struct, IElements<T> => T.MultiplyAdd(gradient - before, correction, gradient);
}

/// <summary>The steps of MARS in its Shampoo form; the formula is in <see cref="MarsOptions"/>.</summary>
internal sealed class MarsShampooMethod : MatrixMethod<MarsOptions>
{
    private const int Iterations = 5;

    protected override bool TakesVectors => true;

    /// <summary>The tensors of state: m and the gradient before.</summary>
    protected override IEnumerable<long[]> StateShapes(MarsOptions options, MatrixShape shape)
        => [[shape.Count, shape.Rows, shape.Columns], [shape.Count, shape.Rows, shape.Columns]];

    protected override void Update(MatrixBatch batch, MarsOptions options)
    {
        var (momentum, before) = (batch.State(0), batch.State(1));
        var change = batch.Gradients.sub(before);
        var corrected = batch.Gradients.add(change, LiveScalar.Of(options.Gamma * options.Beta1 / (1 - options.Beta1)));
        corrected.div_(corrected.FrobeniusNorms().clamp_min(LiveScalar.One));
        before.copy_(batch.Gradients);
        var direction = momentum.Average(corrected, options.Beta1).div(LiveScalar.Of(1 - options.Beta1));
        direction = NewtonSchulz.Orthogonalize(direction, Iterations, epsilon: options.Epsilon);
        batch.Descend(direction, batch.LearningRate * MuonMethod.ScaleOf(MatrixScale.Spectral, batch.Shape));
    }
}
