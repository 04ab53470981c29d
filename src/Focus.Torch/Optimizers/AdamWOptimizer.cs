using System.Numerics;
using static TorchSharp.torch;

namespace Focus;

internal sealed class AdamWOptimizer(IEnumerable<ParameterGroup> groups, AdamWOptions options)
    : ElementwiseOptimizer<AdamWRule, AdamWOptions>(groups, options);

/// <summary>One step of AdamW; the formula is in <see cref="AdamWOptions"/>. State: the moments m and v.</summary>
internal readonly struct AdamWRule : IUpdateRule<AdamWRule, AdamWOptions>
{
    private readonly Coefficient stepSize, beta1, freshFirst, beta2, freshSecond, epsilon, shrinkage, inverseRootCorrection;

    private AdamWRule(AdamWOptions options, double learningRate, long step)
    {
        stepSize = learningRate / (1 - Math.Pow(options.Beta1, step));
        (beta1, freshFirst) = (options.Beta1, 1 - options.Beta1);
        (beta2, freshSecond) = (options.Beta2, 1 - options.Beta2);
        inverseRootCorrection = 1 / Math.Sqrt(1 - Math.Pow(options.Beta2, step));
        epsilon = options.Epsilon;
        shrinkage = 1 - learningRate * options.WeightDecay;
    }

    public static int StateCount => 2;

    public static AdamWRule At(AdamWOptions options, double learningRate, long step) => new(options, learningRate, step);

    public void Update(ref Vector<float> parameter, Vector<float> gradient, ref Vector<float> first, ref Vector<float> second)
    {
        first = Vector.FusedMultiplyAdd(gradient, freshFirst, first * beta1);
        second = second * beta2 + gradient * gradient * freshSecond;
        parameter = parameter * shrinkage - first * stepSize / (Vector.SquareRoot(second) * inverseRootCorrection + epsilon);
    }

    public void Update(Tensor parameter, Tensor gradient, Tensor first, Tensor second)
    {
        first.mul_(beta1).add_(gradient, alpha: freshFirst);
        second.mul_(beta2).addcmul_(gradient, gradient, value: freshSecond);
        var denominator = second.sqrt().mul_(inverseRootCorrection).add_(epsilon);
        parameter.mul_(shrinkage).addcdiv_(first, denominator, value: LiveScalar.Of(-stepSize.Value));
    }
}
