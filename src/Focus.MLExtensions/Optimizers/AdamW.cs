using System.Numerics;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>AdamW: Adam with decoupled weight decay (arXiv:1711.05101), as <c>torch.optim.AdamW</c> computes it.</summary>
/// <remarks>
/// <code>
/// θ ← θ − η·ω·θ        m ← β1·m + (1−β1)·g        v ← β2·v + (1−β2)·g²
/// θ ← θ − η/(1−β1^t) · m / (√v / √(1−β2^t) + ε)
/// </code>
/// The optimizer keeps two tensors, m and v, per parameter.
/// </remarks>
public sealed record AdamWOptions : OptimizerSettings, IMomentumOptions<AdamWOptions>
{
    /// <summary>Options with PyTorch's defaults: η 1e-3, β1 0.9, β2 0.999, ε 1e-8, ω 1e-2.</summary>
    public AdamWOptions() => (LearningRate, WeightDecay) = (1e-3, 1e-2);

    /// <summary>The decay β1 of the first moment, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>The decay β2 of the second moment, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>The term ε added to the denominator, finite and &gt; 0.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <inheritdoc/>
    public override string Name => "AdamW";

    /// <inheritdoc/>
    public override OptimizerHelper CreateOptimizer(IEnumerable<ParameterGroup> parameterGroups)
        => new FusedOptimizer<AdamWRule, AdamWOptions>(parameterGroups, this);

    double IMomentumOptions<AdamWOptions>.Momentum => Beta1;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.Fraction(Beta1);
        Check.Fraction(Beta2);
        Check.Positive(Epsilon);
    }

    AdamWOptions IMomentumOptions<AdamWOptions>.WithMomentum(double momentum) => this with { Beta1 = momentum };
}

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
