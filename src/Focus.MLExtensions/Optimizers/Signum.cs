using System.Runtime.CompilerServices;

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
public sealed record SignumOptions : OptimizerSettings
{
    /// <summary>Options with the defaults η 1e-2, β1 0.9, ω 0.</summary>
    public SignumOptions() => LearningRate = 1e-2;

    /// <summary>The momentum's decay β1, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <inheritdoc/>
    public override string Name => "Signum";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.Fraction(Beta1);
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => UpdateMethod.Elementwise<SignumRule, SignumOptions>();

    /// <inheritdoc/>
    protected internal override double? CycledMomentum => Beta1;

    /// <inheritdoc/>
    protected internal override OptimizerSettings WithMomentum(double momentum) => this with { Beta1 = momentum };
}

/// <summary>One step of Signum; the formula is in <see cref="SignumOptions"/>. State: the momentum m.</summary>
internal readonly struct SignumRule : IUpdateRule<SignumRule, SignumOptions>
{
    private readonly Coefficient descent, beta1, freshMomentum, shrinkage;

    private SignumRule(SignumOptions options, double learningRate)
    {
        descent = -learningRate;
        (beta1, freshMomentum) = (options.Beta1, 1 - options.Beta1);
        shrinkage = 1 - learningRate * options.WeightDecay;
    }

    public static int StateCount => 1;

    public static SignumRule At(SignumOptions options, UpdateStep step) => new(options, step.LearningRate);

    [MethodImpl(FloatElements.Inline)]
    public void Update<T>(ref T parameter, T gradient, ref T momentum, ref T second, ref T third) where T : struct, IElements<T>
    {
        momentum = T.MultiplyAdd(gradient, freshMomentum, momentum * beta1);
        parameter = T.MultiplyAdd(T.Sign(momentum), descent, parameter * shrinkage);
    }
}
