using System.Numerics;
using static TorchSharp.torch;

namespace Focus;

internal sealed class FocusOptimizer(IEnumerable<ParameterGroup> groups, FocusOptions options)
    : ElementwiseOptimizer<FocusRule, FocusOptions>(groups, options);

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
