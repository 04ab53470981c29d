using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>Lion: the sign of a momentum that looks one gradient ahead (arXiv:2302.06675).</summary>
/// <remarks>
/// <code>
/// θ ← θ − η·ω·θ        θ ← θ − η·sign(β1·m + (1−β1)·g)        m ← β2·m + (1−β2)·g
/// </code>
/// State: m. One pass over memory. The learning rate is about a third to a tenth of AdamW's, the decay as many times larger.
/// </remarks>
public sealed record LionOptions : OptimizerSettings
{
    /// <summary>Options with the published defaults: η 1e-4, β1 0.9, β2 0.99, ω 0.</summary>
    public LionOptions() => LearningRate = 1e-4;

    /// <summary>The weight β1 of the momentum in the direction, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>The decay β2 of the momentum, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.99;

    /// <inheritdoc/>
    public override string Name => "Lion";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.Fraction(Beta1);
        Check.Fraction(Beta2);
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => UpdateMethod.Elementwise<LionRule, LionOptions>();

    /// <inheritdoc/>
    protected internal override double? CycledMomentum => Beta1;

    /// <inheritdoc/>
    protected internal override OptimizerSettings WithMomentum(double momentum) => this with { Beta1 = momentum };
}

/// <summary>One step of Lion; the formula is in <see cref="LionOptions"/>.</summary>
internal readonly struct LionRule : IUpdateRule<LionRule, LionOptions>
{
    private readonly Decay beta1, beta2;
    private readonly Coefficient descent, shrinkage;

    private LionRule(LionOptions options, UpdateStep step)
    {
        (beta1, beta2) = (new(options.Beta1), new(options.Beta2));
        descent = -step.LearningRate;
        shrinkage = 1 - step.LearningRate * options.WeightDecay;
    }

    public static int StateCount => 1;

    public static LionRule At(LionOptions options, UpdateStep step) => new(options, step);

    [MethodImpl(FloatElements.Inline)]
    public void Update<T>(ref T parameter, T gradient, ref T momentum, ref T second, ref T third) where T : struct, IElements<T>
    {
        parameter = T.MultiplyAdd(T.Sign(beta1.Average(momentum, gradient)), descent, parameter * shrinkage);
        momentum = beta2.Average(momentum, gradient);
    }
}
