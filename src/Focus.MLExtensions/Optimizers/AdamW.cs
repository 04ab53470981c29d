using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>AdamW: Adam with decoupled weight decay (arXiv:1711.05101), as <c>torch.optim.AdamW</c> computes it.</summary>
/// <remarks>
/// <code>
/// θ ← θ − η·ω·θ        m ← β1·m + (1−β1)·g        v ← β2·v + (1−β2)·g²
/// θ ← θ − η/(1−β1^t) · m / (√v / √(1−β2^t) + ε)
/// </code>
/// State: m and v; with AMSGrad also the largest v so far, which then replaces v in the denominator. One pass over memory.
/// </remarks>
public sealed record AdamWOptions : MomentOptions
{
    /// <summary>Options with PyTorch's defaults: η 1e-3, β1 0.9, β2 0.999, ε 1e-8, ω 1e-2.</summary>
    public AdamWOptions() => (LearningRate, WeightDecay) = (1e-3, 1e-2);

    /// <summary>Whether the denominator uses the largest second moment so far (arXiv:1904.09237).</summary>
    public bool Amsgrad { get; init; }

    /// <summary>Whether ε is added to √v before v is corrected, as in Hugging Face's AdamW, so that ε/√(1−β2^t) takes its place in the formula.
    /// The published code of several optimizers of matrices updates the other parameters so.</summary>
    public bool UncorrectedEpsilon { get; init; }

    /// <summary>Whether the decay comes after the step instead of before it, and so shrinks the step too.</summary>
    public bool DecaysAfterStep { get; init; }

    /// <inheritdoc/>
    public override string Name => "AdamW";

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => Amsgrad
        ? UpdateMethod.Elementwise<AdamWRule<Yes>, AdamWOptions>() : UpdateMethod.Elementwise<AdamWRule<No>, AdamWOptions>();
}

/// <summary>One step of AdamW; the formula is in <see cref="AdamWOptions"/>.</summary>
internal readonly struct AdamWRule<TAmsgrad> : IUpdateRule<AdamWRule<TAmsgrad>, AdamWOptions> where TAmsgrad : struct, IChoice
{
    private readonly Decay beta1, beta2;
    private readonly Coefficient descent, epsilon, shrinkage, inverseRootCorrection;

    private AdamWRule(AdamWOptions options, UpdateStep step)
    {
        (beta1, beta2) = (new(options.Beta1), new(options.Beta2));
        var (shrinks, rootCorrection) = (1 - step.LearningRate * options.WeightDecay, Math.Sqrt(step.Correction(options.Beta2)));
        descent = -step.LearningRate / step.Correction(options.Beta1) * (options.DecaysAfterStep ? shrinks : 1);
        inverseRootCorrection = 1 / rootCorrection;
        epsilon = options.UncorrectedEpsilon ? options.Epsilon / rootCorrection : options.Epsilon;
        shrinkage = shrinks;
    }

    public static int StateCount => TAmsgrad.IsMade ? 3 : 2;

    public static AdamWRule<TAmsgrad> At(AdamWOptions options, UpdateStep step) => new(options, step);

    [MethodImpl(FloatElements.Inline)]
    public void Update<T>(ref T parameter, T gradient, ref T first, ref T second, ref T largest) where T : struct, IElements<T>
    {
        first = beta1.Average(first, gradient);
        second = beta2.Average(second, gradient * gradient);
        if (TAmsgrad.IsMade) largest = T.Max(largest, second);
        var root = T.Sqrt(TAmsgrad.IsMade ? largest : second);
        parameter = T.MultiplyAdd(first / (root * inverseRootCorrection + epsilon), descent, parameter * shrinkage);
    }
}
