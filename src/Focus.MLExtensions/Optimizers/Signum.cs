using System.Numerics;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Signum: steps of constant size along the sign of the momentum, with decoupled weight decay.</summary>
/// <remarks>
/// <code>
/// m ← β1·m + (1−β1)·g        θ ← θ − η·(sign(m) + ω·θ)
/// </code>
/// This is <see cref="FocusOptions"/> with γ = 0 and β2 = 0, without the state that would need: one tensor, m, per parameter. The paper's
/// Signum runs on MNIST use γ = 0 and β2 = 0.99, where the decay pulls towards the average: for those, take <see cref="FocusOptions"/> with
/// γ = 0.
/// </remarks>
public sealed record SignumOptions : OptimizerSettings, IMomentumOptions<SignumOptions>
{
    /// <summary>Options with the defaults η 1e-2, β1 0.9, ω 0.</summary>
    public SignumOptions() => LearningRate = 1e-2;

    /// <summary>The momentum's decay β1, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <inheritdoc/>
    public override string Name => "Signum";

    /// <inheritdoc/>
    public override OptimizerHelper CreateOptimizer(IEnumerable<ParameterGroup> parameterGroups)
        => new FusedOptimizer<SignumRule, SignumOptions>(parameterGroups, this);

    double IMomentumOptions<SignumOptions>.Momentum => Beta1;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.Fraction(Beta1);
    }

    SignumOptions IMomentumOptions<SignumOptions>.WithMomentum(double momentum) => this with { Beta1 = momentum };
}

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
