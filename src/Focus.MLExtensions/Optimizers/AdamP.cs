using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>AdamP: Adam that removes from its step what would only lengthen weights whose scale has no effect (arXiv:2006.08217).</summary>
/// <remarks>
/// <code>
/// m ← β1·m + (1−β1)·g        v ← β2·v + (1−β2)·g²        D = √v/√(1−β2^t) + ε
/// u = m/D,  or (β1·m + (1−β1)·g)/D with Nesterov
/// </code>
/// For tensors with two dimensions or more, where the cosine of gradient and weights is below δ/√(length) in every row, or else in the tensor
/// as a whole, u loses its part along the row or the tensor, and the decay is multiplied by <see cref="DecayRatio"/>:
/// <code>
/// ŵ = θ/(‖θ‖ + ε)        u ← u − ŵ·Σ(ŵ·u)        θ ← θ·(1 − η·ω·κ) − η/(1−β1^t)·u
/// </code>
/// State: m and v. Two passes over memory.
/// </remarks>
public sealed record AdamPOptions : MomentOptions
{
    /// <summary>Options with the published defaults: η 1e-3, β1 0.9, β2 0.999, ε 1e-8, δ 0.1, decay ratio 0.1, ω 0.</summary>
    public AdamPOptions() => LearningRate = 1e-3;

    /// <summary>The threshold δ of the cosine times √(length), finite and ≥ 0.</summary>
    public double Delta { get; init; } = 0.1;

    /// <summary>What remains of the weight decay where the step is projected, in [0, 1].</summary>
    public double DecayRatio { get; init; } = 0.1;

    /// <summary>Whether the step looks ahead by one momentum.</summary>
    public bool Nesterov { get; init; }

    /// <inheritdoc/>
    public override string Name => "AdamP";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.NonNegative(Delta);
        Check.Between(0, 1, DecayRatio);
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => UpdateMethod.Measured<AdamPRule, AdamPOptions>();
}

/// <summary>One step of AdamP; the formula is in <see cref="AdamPOptions"/>.</summary>
internal readonly struct AdamPRule : IMeasuredRule<AdamPRule, AdamPOptions>
{
    private readonly Decay beta1, beta2;
    private readonly Coefficient epsilon, inverseRootCorrection, descent;
    private readonly Projection projection;
    private readonly double decay;
    private readonly bool nesterov;

    private AdamPRule(AdamPOptions options, UpdateStep step)
    {
        (beta1, beta2) = (new(options.Beta1), new(options.Beta2));
        epsilon = options.Epsilon;
        inverseRootCorrection = 1 / Math.Sqrt(step.Correction(options.Beta2));
        descent = -step.LearningRate / step.Correction(options.Beta1);
        projection = new(options.Delta, options.DecayRatio, options.Epsilon);
        decay = step.LearningRate * options.WeightDecay;
        nesterov = options.Nesterov;
        NeedsSums = step.Layout.Shape.Count > 1;
    }

    public static int StateCount => 2;

    public bool NeedsSums { get; }

    public static long BlockLength(AdamPOptions options, ParameterLayout layout) => layout.RowLength;

    public static AdamPRule At(AdamPOptions options, UpdateStep step) => new(options, step);

    [MethodImpl(FloatElements.Inline)]
    public void Measure<T>(T parameter, T gradient, T first, T second, T third, ref BlockSums<T> sums) where T : struct, IElements<T>
        => Projection.Measure(
            parameter, gradient, Direction(gradient, beta1.Average(first, gradient), beta2.Average(second, gradient * gradient)), ref sums);

    public void Decide(BlockDecision blocks)
    {
        if (NeedsSums) projection.Decide(blocks, decay);
        else blocks.Set(0, 0, 1 - decay);
    }

    [MethodImpl(FloatElements.Inline)]
    public void Update<T>(ref T parameter, T gradient, ref T first, ref T second, ref T third, T along, T shrinkage)
        where T : struct, IElements<T>
    {
        first = beta1.Average(first, gradient);
        second = beta2.Average(second, gradient * gradient);
        var direction = Direction(gradient, first, second) - parameter * along;
        parameter = T.MultiplyAdd(direction, descent, parameter * shrinkage);
    }

    [MethodImpl(FloatElements.Inline)]
    private T Direction<T>(T gradient, T first, T second) where T : struct, IElements<T>
        => (nesterov ? beta1.Average(first, gradient) : first) / (T.Sqrt(second) * inverseRootCorrection + epsilon);
}

/// <summary>When AdamP and SGDP remove the part of a step along the weights, and how much that is.</summary>
internal readonly struct Projection(double delta, double decayRatio, double epsilon)
{
    [MethodImpl(FloatElements.Inline)]
    public static void Measure<T>(T parameter, T gradient, T direction, ref BlockSums<T> sums) where T : struct, IElements<T>
    {
        sums.A += gradient * parameter;
        sums.B += gradient * gradient;
        sums.C += parameter * parameter;
        sums.D += parameter * direction;
    }

    /// <summary>Sets each row's factors: how many of its weights the step loses, and what the decay leaves of them.</summary>
    public void Decide(BlockDecision rows, double decay)
    {
        BlockSums<double> all = default;
        var orthogonal = true;
        for (var row = 0; row < rows.Count; row++)
        {
            var own = rows.Sums(row);
            all = new() { A = all.A + own.A, B = all.B + own.B, C = all.C + own.C, D = all.D + own.D };
            orthogonal &= IsOrthogonal(own, rows.BlockLength);
        }
        var tensor = !orthogonal && IsOrthogonal(all, rows.BlockLength * rows.Count);
        var shrinkage = 1 - decay * (orthogonal || tensor ? decayRatio : 1);
        for (var row = 0; row < rows.Count; row++)
            rows.Set(row, orthogonal ? Along(rows.Sums(row)) : tensor ? Along(all) : 0, shrinkage);
    }

    private bool IsOrthogonal(BlockSums<double> sums, long length)
        => Math.Abs(sums.A) / (Math.Max(Math.Sqrt(sums.B), epsilon) * Math.Max(Math.Sqrt(sums.C), epsilon)) < delta / Math.Sqrt(length);

    private double Along(BlockSums<double> sums)
    {
        var norm = Math.Sqrt(sums.C) + epsilon;
        return sums.D / (norm * norm);
    }
}
