using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>FOCUS: the sign of the momentum plus an attraction to the running average of the parameters (arXiv:2501.12243).</summary>
/// <remarks>
/// With g the gradient, t = 1, 2, … the step and all operations element-wise:
/// <code>
/// m ← β1·m + (1−β1)·g        θ̄ ← β2·θ̄ + (1−β2)·θ        θ̂ = θ̄ / (1 − β2^t)
/// θ ← θ − η·(sign(m) + γ·sign(θ − θ̂)) − η·ω·θ̂           (both θ on the right: before the step)
/// </code>
/// The decay pulls towards the average θ̂, not towards zero. The optimizer keeps two tensors, m and θ̄, per parameter.
/// </remarks>
public sealed record FocusOptions : OptimizerSettings
{
    /// <summary>Options with the defaults of the published code: η 1e-2, β1 0.9, β2 0.999, γ 0.1, ω 0.</summary>
    public FocusOptions() => LearningRate = 1e-2;

    /// <summary>The momentum's decay β1, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>The decay β2 of the parameter average, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>The strength γ of the attraction to the average, finite and ≥ 0; the paper uses [0, 1).</summary>
    public double Gamma { get; init; } = 0.1;

    /// <summary>Whether the decay comes after the signs are taken (the published code) or before (the paper's Algorithm 1).</summary>
    public FocusDecayOrder DecayOrder { get; init; } = FocusDecayOrder.AfterSign;

    /// <inheritdoc/>
    public override string Name => "FOCUS";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.Fraction(Beta1);
        Check.Fraction(Beta2);
        Check.NonNegative(Gamma);
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => UpdateMethod.Elementwise<FocusRule, FocusOptions>();

    /// <inheritdoc/>
    protected internal override double? CycledMomentum => Beta1;

    /// <inheritdoc/>
    protected internal override OptimizerSettings WithMomentum(double momentum) => this with { Beta1 = momentum };
}

/// <summary>When FOCUS applies its weight decay. The two differ only where the decay flips the sign of θ − θ̂.</summary>
public enum FocusDecayOrder
{
    /// <summary>As in the published code, from which all published results come: sign(θ − θ̂) is taken of the parameters before the
    /// step.</summary>
    AfterSign,

    /// <summary>As in the paper's Algorithm 1: θ ← θ − η·ω·θ̂ first, then the step with the sign of the decayed θ − θ̂.</summary>
    BeforeSign,
}

/// <summary>One step of FOCUS; the formula is in <see cref="FocusOptions"/>. State: the momentum m and the parameter average θ̄.</summary>
internal readonly struct FocusRule : IUpdateRule<FocusRule, FocusOptions>
{
    private readonly Coefficient descent, beta1, freshMomentum, beta2, freshAverage, gamma, decay, averageCorrection;
    private readonly bool decayFirst;

    private FocusRule(FocusOptions options, UpdateStep step)
    {
        descent = -step.LearningRate;
        (beta1, freshMomentum) = (options.Beta1, 1 - options.Beta1);
        (beta2, freshAverage) = (options.Beta2, 1 - options.Beta2);
        gamma = options.Gamma;
        decay = -step.LearningRate * options.WeightDecay;
        averageCorrection = step.Correction(options.Beta2);
        decayFirst = options.DecayOrder == FocusDecayOrder.BeforeSign;
    }

    public static int StateCount => 2;

    public static FocusRule At(FocusOptions options, UpdateStep step) => new(options, step);

    [MethodImpl(FloatElements.Inline)]
    public void Update<T>(ref T parameter, T gradient, ref T momentum, ref T average, ref T third) where T : struct, IElements<T>
    {
        // Fused as torch's own kernels are, in the published code's order, so that equal gradients give equal bits: where a parameter
        // stands still, rounding alone decides the sign of its distance from its average.
        momentum = T.MultiplyAdd(gradient, freshMomentum, momentum * beta1);
        average = T.MultiplyAdd(parameter, freshAverage, average * beta2);
        var corrected = average / averageCorrection;
        if (decayFirst) parameter = T.MultiplyAdd(corrected, decay, parameter);
        var direction = T.Sign(momentum) + T.Sign(parameter - corrected) * gamma;
        parameter = T.MultiplyAdd(direction, descent, parameter);
        if (!decayFirst) parameter = T.MultiplyAdd(corrected, decay, parameter);
    }
}
