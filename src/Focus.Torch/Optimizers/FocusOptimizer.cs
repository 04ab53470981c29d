using System.Numerics;
using static TorchSharp.torch;

namespace Focus;

internal sealed class FocusOptimizer(IEnumerable<ParameterGroup> groups, FocusOptions options)
    : ElementwiseOptimizer<FocusRule, FocusOptions>(groups, options);

/// <summary>One step of FOCUS; the formula is in <see cref="FocusOptions"/>. State: the momentum m and the parameter average θ̄.</summary>
internal readonly struct FocusRule : IUpdateRule<FocusRule, FocusOptions>
{
    private readonly double learningRate, beta1, beta2, gamma, decay, averageCorrection;
    private readonly bool decayFirst;

    private FocusRule(FocusOptions options, double learningRate, long step)
    {
        this.learningRate = learningRate;
        (beta1, beta2, gamma) = (options.Beta1, options.Beta2, options.Gamma);
        decay = learningRate * options.WeightDecay;
        averageCorrection = 1 - Math.Pow(beta2, step);
        decayFirst = options.DecayOrder == FocusDecayOrder.BeforeSign;
    }

    public static int StateCount => 2;

    public static FocusRule At(FocusOptions options, double learningRate, long step) => new(options, learningRate, step);

    public void Update(ref Vector<float> parameter, Vector<float> gradient, ref Vector<float> momentum, ref Vector<float> average)
    {
        momentum = momentum * (float)beta1 + gradient * (float)(1 - beta1);
        average = average * (float)beta2 + parameter * (float)(1 - beta2);
        var corrected = average / (float)averageCorrection;
        var decayed = parameter - corrected * (float)decay;
        var distance = (decayFirst ? decayed : parameter) - corrected;
        parameter = decayed - (VectorMath.Sign(momentum) + VectorMath.Sign(distance) * (float)gamma) * (float)learningRate;
    }

    public void Update(Tensor parameter, Tensor gradient, Tensor momentum, Tensor average)
    {
        momentum.mul_(beta1).add_(gradient, alpha: 1 - beta1);
        average.mul_(beta2).add_(parameter, alpha: 1 - beta2);
        var corrected = average / averageCorrection;
        var distance = parameter - corrected;
        if (decayFirst) distance.add_(corrected, alpha: -decay);
        parameter.add_(corrected, alpha: -decay);
        parameter.add_(momentum.sign().add_(distance.sign_(), alpha: gamma), alpha: -learningRate);
    }
}
