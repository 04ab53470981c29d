using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>NAdam: Adam with Nesterov's look-ahead (Dozat 2016), as <c>torch.optim.NAdam</c> computes it.</summary>
/// <remarks>
/// <code>
/// g ← g + ω·θ        μ_t = β1·(1 − ½·0.96^(t·ψ))        Π_t = μ_1·…·μ_t
/// m ← β1·m + (1−β1)·g        v ← β2·v + (1−β2)·g²        D = √(v/(1−β2^t)) + ε
/// θ ← θ − η·(1−μ_t)/(1−Π_t) · g/D − η·μ_(t+1)/(1−Π_(t+1)) · m/D
/// </code>
/// PyTorch 1.13 multiplied μ_t into the last product twice; <see cref="RepeatsLookAhead"/> does so too. State: m and v. One pass over memory.
/// </remarks>
public sealed record NAdamOptions : MomentOptions
{
    /// <summary>Options with PyTorch's defaults: η 2e-3, β1 0.9, β2 0.999, ε 1e-8, ψ 4e-3, ω 0.</summary>
    public NAdamOptions() => LearningRate = 2e-3;

    /// <summary>How fast the momentum grows to β1, ψ, finite and ≥ 0.</summary>
    public double MomentumDecay { get; init; } = 4e-3;

    /// <summary>Whether to repeat a fault of PyTorch 1.13, for runs that were made with it.</summary>
    public bool RepeatsLookAhead { get; init; }

    /// <inheritdoc/>
    public override string Name => "NAdam";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.NonNegative(MomentumDecay);
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => UpdateMethod.Elementwise<NAdamRule, NAdamOptions>();
}

/// <summary>One step of NAdam; the formula is in <see cref="NAdamOptions"/>. The parameter remembers the product Π.</summary>
internal readonly struct NAdamRule : IUpdateRule<NAdamRule, NAdamOptions>
{
    private readonly Decay beta1, beta2;
    private readonly Coefficient gradientDescent, momentumDescent, epsilon, coupledDecay, inverseRootCorrection;

    private NAdamRule(NAdamOptions options, UpdateStep step)
    {
        (beta1, beta2) = (new(options.Beta1), new(options.Beta2));
        epsilon = options.Epsilon;
        coupledDecay = options.WeightDecay;
        inverseRootCorrection = 1 / Math.Sqrt(step.Correction(options.Beta2));
        var (now, next) = (Momentum(options, step.Number), Momentum(options, step.Number + 1));
        var product = (step.Number == 1 ? 1 : step.Memory[0]) * now;
        step.Memory[0] = product;
        gradientDescent = -step.LearningRate * (1 - now) / (1 - product);
        momentumDescent = -step.LearningRate * next / (1 - product * next * (options.RepeatsLookAhead ? now : 1));
    }

    public static int StateCount => 2;

    public static int MemoryCount => 1;

    public static NAdamRule At(NAdamOptions options, UpdateStep step) => new(options, step);

    [MethodImpl(FloatElements.Inline)]
    public void Update<T>(ref T parameter, T gradient, ref T first, ref T second, ref T third) where T : struct, IElements<T>
    {
        gradient = T.MultiplyAdd(parameter, coupledDecay, gradient);
        first = beta1.Average(first, gradient);
        second = beta2.Average(second, gradient * gradient);
        var direction = T.MultiplyAdd(first, momentumDescent, gradient * gradientDescent);
        parameter += direction / (T.Sqrt(second) * inverseRootCorrection + epsilon);
    }

    private static double Momentum(NAdamOptions options, long step) => options.Beta1 * (1 - 0.5 * Math.Pow(0.96, step * options.MomentumDecay));
}
