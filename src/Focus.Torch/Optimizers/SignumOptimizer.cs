using System.Numerics;
using static TorchSharp.torch;

namespace Focus;

internal sealed class SignumOptimizer(IEnumerable<ParameterGroup> groups, SignumOptions options)
    : ElementwiseOptimizer<SignumRule, SignumOptions>(groups, options);

/// <summary>One step of Signum; the formula is in <see cref="SignumOptions"/>. State: the momentum m.</summary>
internal readonly struct SignumRule : IUpdateRule<SignumRule, SignumOptions>
{
    private readonly double learningRate, beta1, decay;

    private SignumRule(SignumOptions options, double learningRate)
    {
        this.learningRate = learningRate;
        beta1 = options.Beta1;
        decay = learningRate * options.WeightDecay;
    }

    public static int StateCount => 1;

    public static SignumRule At(SignumOptions options, double learningRate, long step) => new(options, learningRate);

    public void Update(ref Vector<float> parameter, Vector<float> gradient, ref Vector<float> momentum, ref Vector<float> unused)
    {
        momentum = momentum * (float)beta1 + gradient * (float)(1 - beta1);
        parameter = parameter - parameter * (float)decay - VectorMath.Sign(momentum) * (float)learningRate;
    }

    public void Update(Tensor parameter, Tensor gradient, Tensor momentum, Tensor unused)
    {
        momentum.mul_(beta1).add_(gradient, alpha: 1 - beta1);
        parameter.mul_(1 - decay).add_(momentum.sign(), alpha: -learningRate);
    }
}
