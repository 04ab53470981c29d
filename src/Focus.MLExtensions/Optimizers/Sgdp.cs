using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>SGDP: gradient descent with momentum that removes from its step what would only lengthen weights whose scale has no effect
/// (arXiv:2006.08217).</summary>
/// <remarks>
/// <code>
/// B ← μ·B + (1−d)·g        u = g + μ·B (Nesterov) or B
/// </code>
/// and u is projected as in <see cref="AdamPOptions"/>; then θ ← θ·(1 − η·ω·κ/(1−μ)) − η·u. The published code, without Nesterov, projects the
/// momentum along with the step; with <see cref="ProjectsMomentum"/> so does this. State: B. Two passes over memory.
/// </remarks>
public sealed record SgdpOptions : MomentumOptions
{
    /// <summary>Options with the defaults η 1e-2, μ 0.9, Nesterov, δ 0.1, decay ratio 0.1, ε 1e-8, ω 0.</summary>
    public SgdpOptions() => LearningRate = 1e-2;

    /// <summary>How much less than itself a gradient adds to the momentum, in [0, 1).</summary>
    public double Dampening { get; init; }

    /// <summary>Whether the step looks ahead by one momentum.</summary>
    public bool Nesterov { get; init; } = true;

    /// <summary>The threshold δ of the cosine times √(length), finite and ≥ 0.</summary>
    public double Delta { get; init; } = 0.1;

    /// <summary>What remains of the weight decay where the step is projected, in [0, 1].</summary>
    public double DecayRatio { get; init; } = 0.1;

    /// <summary>The term ε added to norms, finite and &gt; 0.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Whether, without Nesterov, the projection changes the momentum for good, as in the published code.</summary>
    public bool ProjectsMomentum { get; init; }

    /// <inheritdoc/>
    public override string Name => "SGDP";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.Fraction(Dampening);
        Check.NonNegative(Delta);
        Check.Between(0, 1, DecayRatio);
        Check.Positive(Epsilon);
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => UpdateMethod.Measured<SgdpRule, SgdpOptions>();
}

/// <summary>One step of SGDP; the formula is in <see cref="SgdpOptions"/>.</summary>
internal readonly struct SgdpRule : IMeasuredRule<SgdpRule, SgdpOptions>
{
    private readonly Coefficient momentum, fresh, descent;
    private readonly Projection projection;
    private readonly double decay;
    private readonly bool nesterov, projectsMomentum;

    private SgdpRule(SgdpOptions options, UpdateStep step)
    {
        (momentum, fresh, descent) = (options.Momentum, 1 - options.Dampening, -step.LearningRate);
        projection = new(options.Delta, options.DecayRatio, options.Epsilon);
        decay = step.LearningRate * options.WeightDecay / (1 - options.Momentum);
        (nesterov, projectsMomentum) = (options.Nesterov, options.ProjectsMomentum && !options.Nesterov);
        NeedsSums = step.Layout.Shape.Count > 1;
    }

    public static int StateCount => 1;

    public bool NeedsSums { get; }

    public static long BlockLength(SgdpOptions options, ParameterLayout layout) => layout.RowLength;

    public static SgdpRule At(SgdpOptions options, UpdateStep step) => new(options, step);

    [MethodImpl(FloatElements.Inline)]
    public void Measure<T>(T parameter, T gradient, T velocity, T second, T third, ref BlockSums<T> sums) where T : struct, IElements<T>
        => Projection.Measure(parameter, gradient, Direction(gradient, T.MultiplyAdd(gradient, fresh, velocity * momentum)), ref sums);

    public void Decide(BlockDecision blocks)
    {
        if (NeedsSums) projection.Decide(blocks, decay);
        else blocks.Set(0, 0, 1 - decay);
    }

    [MethodImpl(FloatElements.Inline)]
    public void Update<T>(ref T parameter, T gradient, ref T velocity, ref T second, ref T third, T along, T shrinkage)
        where T : struct, IElements<T>
    {
        velocity = T.MultiplyAdd(gradient, fresh, velocity * momentum);
        var direction = Direction(gradient, velocity) - parameter * along;
        if (projectsMomentum) velocity = direction;
        parameter = T.MultiplyAdd(direction, descent, parameter * shrinkage);
    }

    [MethodImpl(FloatElements.Inline)]
    private T Direction<T>(T gradient, T velocity) where T : struct, IElements<T>
        => nesterov ? T.MultiplyAdd(velocity, momentum, gradient) : velocity;
}
