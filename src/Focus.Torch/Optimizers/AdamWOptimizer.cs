using System.Numerics;
using static TorchSharp.torch;

namespace Focus;

internal sealed class AdamWOptimizer(IEnumerable<ParameterGroup> groups, AdamWOptions options)
    : ElementwiseOptimizer<AdamWRule, AdamWOptions>(groups, options);

/// <summary>One step of AdamW; the formula is in <see cref="AdamWOptions"/>. State: the moments m and v.</summary>
internal readonly struct AdamWRule : IUpdateRule<AdamWRule, AdamWOptions>
{
    private readonly double stepSize, beta1, beta2, epsilon, decay, rootCorrection;

    private AdamWRule(AdamWOptions options, double learningRate, long step)
    {
        (beta1, beta2, epsilon) = (options.Beta1, options.Beta2, options.Epsilon);
        stepSize = learningRate / (1 - Math.Pow(beta1, step));
        rootCorrection = Math.Sqrt(1 - Math.Pow(beta2, step));
        decay = learningRate * options.WeightDecay;
    }

    public static int StateCount => 2;

    public static AdamWRule At(AdamWOptions options, double learningRate, long step) => new(options, learningRate, step);

    public void Update(ref Vector<float> parameter, Vector<float> gradient, ref Vector<float> first, ref Vector<float> second)
    {
        first = first * (float)beta1 + gradient * (float)(1 - beta1);
        second = second * (float)beta2 + gradient * gradient * (float)(1 - beta2);
        var denominator = Vector.SquareRoot(second) * (float)(1 / rootCorrection) + new Vector<float>((float)epsilon);
        parameter = parameter * (float)(1 - decay) - first * (float)stepSize / denominator;
    }

    public void Update(Tensor parameter, Tensor gradient, Tensor first, Tensor second)
    {
        first.mul_(beta1).add_(gradient, alpha: 1 - beta1);
        second.mul_(beta2).addcmul_(gradient, gradient, value: 1 - beta2);
        var denominator = second.sqrt().div_(rootCorrection).add_(epsilon);
        parameter.mul_(1 - decay).addcdiv_(first, denominator, value: -stepSize);
    }
}
