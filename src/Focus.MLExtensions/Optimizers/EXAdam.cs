using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>EXAdam: Adam with moments that correct each other and a step that adds the gradient (arXiv:2412.20302).</summary>
/// <remarks>
/// <code>
/// θ ← θ − η·ω·θ        m ← β1·m + (1−β1)·g        v ← β2·v + (1−β2)·g²
/// d1 = 1 + β2^t·v/(v + ε)        d2 = 1 + β1^t·m²/(m² + ε)
/// θ ← θ − η · (m + g)·d1/(1−β1^t) / (√(v·d2/(1−β2^t)) + ε)
/// </code>
/// The first step is about 16 times as large as Adam's, later ones 4 to 2 times: take a smaller learning rate. State: m and v. One pass over
/// memory.
/// </remarks>
public sealed record EXAdamOptions : MomentOptions
{
    /// <summary>Options with the published defaults: η 1e-3, β1 0.9, β2 0.999, ε 1e-8, ω 0.</summary>
    public EXAdamOptions() => LearningRate = 1e-3;

    /// <inheritdoc/>
    public override string Name => "EXAdam";

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => UpdateMethod.Elementwise<EXAdamRule, EXAdamOptions>();
}

/// <summary>One step of EXAdam; the formula is in <see cref="EXAdamOptions"/>.</summary>
internal readonly struct EXAdamRule : IUpdateRule<EXAdamRule, EXAdamOptions>
{
    private readonly Decay beta1, beta2;
    private readonly Coefficient onePlusPower1, onePlusPower2, descent, epsilon, shrinkage, inverseCorrection;

    private EXAdamRule(EXAdamOptions options, UpdateStep step)
    {
        (beta1, beta2) = (new(options.Beta1), new(options.Beta2));
        (onePlusPower1, onePlusPower2) = (2 - step.Correction(options.Beta1), 2 - step.Correction(options.Beta2));
        descent = -step.LearningRate / step.Correction(options.Beta1);
        epsilon = options.Epsilon;
        shrinkage = 1 - step.LearningRate * options.WeightDecay;
        inverseCorrection = 1 / step.Correction(options.Beta2);
    }

    public static int StateCount => 2;

    public static EXAdamRule At(EXAdamOptions options, UpdateStep step) => new(options, step);

    [MethodImpl(FloatElements.Inline)]
    public void Update<T>(ref T parameter, T gradient, ref T first, ref T second, ref T third) where T : struct, IElements<T>
    {
        first = beta1.Average(first, gradient);
        second = beta2.Average(second, gradient * gradient);
        // d1 = (v·(1 + β2^t) + ε)/(v + ε), and d2 likewise; d1's divisor joins the step's, as divisions take longer than memory.
        var square = first * first;
        var d2 = (square * onePlusPower1 + epsilon) / (square + epsilon);
        var numerator = (first + gradient) * (second * onePlusPower2 + epsilon);
        var denominator = (T.Sqrt(second * d2 * inverseCorrection) + epsilon) * (second + epsilon);
        parameter = T.MultiplyAdd(numerator / denominator, descent, parameter * shrinkage);
    }
}
