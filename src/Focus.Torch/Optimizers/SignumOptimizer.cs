using System.Numerics;
using static TorchSharp.torch;

namespace Focus;

internal sealed class SignumOptimizer(IEnumerable<ParameterGroup> groups, SignumOptions options)
    : ElementwiseOptimizer<SignumRule, SignumOptions>(groups, options);

/// <summary>One step of Signum; the formula is in <see cref="SignumOptions"/>. State: the momentum m.</summary>
internal readonly struct SignumRule : IUpdateRule<SignumRule, SignumOptions>
{
    private readonly Coefficient learningRate, beta1, freshMomentum, shrinkage;

    private SignumRule(SignumOptions options, double learningRate)
    {
        this.learningRate = learningRate;
        (beta1, freshMomentum) = (options.Beta1, 1 - options.Beta1);
        shrinkage = 1 - learningRate * options.WeightDecay;
    }

    public static int StateCount => 1;

    public static SignumRule At(SignumOptions options, double learningRate, long step) => new(options, learningRate);

    public void Update(ref Vector<float> parameter, Vector<float> gradient, ref Vector<float> momentum, ref Vector<float> unused)
    {
        momentum = Vector.FusedMultiplyAdd(gradient, freshMomentum, momentum * beta1);
        parameter = parameter * shrinkage - VectorMath.Sign(momentum) * learningRate;
    }

    public void Update(Tensor parameter, Tensor gradient, Tensor momentum, Tensor unused)
    {
        momentum.mul_(beta1).add_(gradient, alpha: freshMomentum);
        parameter.mul_(shrinkage).sub_(momentum.sign().mul_(learningRate));
    }
}
