using System.Numerics;
using TorchSharp.Modules;
using static TorchSharp.torch;

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
public sealed record FocusOptions : OptimizerSettings, IMomentumOptions<FocusOptions>
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
    public override OptimizerHelper CreateOptimizer(IEnumerable<ParameterGroup> parameterGroups)
        => new FusedOptimizer<FocusRule, FocusOptions>(parameterGroups, this);

    double IMomentumOptions<FocusOptions>.Momentum => Beta1;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.Fraction(Beta1);
        Check.Fraction(Beta2);
        Check.NonNegative(Gamma);
    }

    FocusOptions IMomentumOptions<FocusOptions>.WithMomentum(double momentum) => this with { Beta1 = momentum };
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

    private FocusRule(FocusOptions options, double learningRate, long step)
    {
        descent = -learningRate;
        (beta1, freshMomentum) = (options.Beta1, 1 - options.Beta1);
        (beta2, freshAverage) = (options.Beta2, 1 - options.Beta2);
        gamma = options.Gamma;
        decay = -learningRate * options.WeightDecay;
        averageCorrection = 1 - Math.Pow(options.Beta2, step);
        decayFirst = options.DecayOrder == FocusDecayOrder.BeforeSign;
    }

    public static int StateCount => 2;

    public static FocusRule At(FocusOptions options, double learningRate, long step) => new(options, learningRate, step);

    public void Update(ref Vector<float> parameter, Vector<float> gradient, ref Vector<float> momentum, ref Vector<float> average)
    {
        // Fused as torch's own kernels are, in the published code's order, so that equal gradients give equal bits: where a parameter
        // stands still, rounding alone decides the sign of its distance from its average.
        momentum = Vector.FusedMultiplyAdd(gradient, freshMomentum, momentum * beta1);
        average = Vector.FusedMultiplyAdd(parameter, freshAverage, average * beta2);
        var corrected = average / averageCorrection;
        if (decayFirst) parameter = Vector.FusedMultiplyAdd(corrected, decay, parameter);
        var direction = VectorMath.Sign(momentum) + VectorMath.Sign(parameter - corrected) * gamma;
        parameter = Vector.FusedMultiplyAdd(direction, descent, parameter);
        if (!decayFirst) parameter = Vector.FusedMultiplyAdd(corrected, decay, parameter);
    }

    public void Update(Tensor parameter, Tensor gradient, Tensor momentum, Tensor average)
    {
        momentum.mul_(beta1).add_(gradient, alpha: freshMomentum);
        average.mul_(beta2).add_(parameter, alpha: freshAverage);
        var corrected = average.div(averageCorrection);
        if (decayFirst) parameter.add_(corrected, alpha: decay);
        var direction = momentum.sign().add_(parameter.sub(corrected).sign_(), alpha: gamma);
        parameter.add_(direction, alpha: descent);
        if (!decayFirst) parameter.add_(corrected, alpha: decay);
    }
}
