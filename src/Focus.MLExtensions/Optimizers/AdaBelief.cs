using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>AdaBelief: Adam with steps by how much the gradient surprises the momentum (arXiv:2010.07468), as the authors' package 0.2.0
/// computes it.</summary>
/// <remarks>
/// <code>
/// θ ← θ − η·ω·θ        m ← β1·m + (1−β1)·g        s ← β2·s + (1−β2)·(g − m)² + ε
/// without rectification:  θ ← θ − η/(1−β1^t) · m / (√s / √(1−β2^t) + ε)
/// </code>
/// With rectification, the package's default, the step is RAdam's: with R = 2/(1−β2) − 1 and r = R − 2t·β2^t/(1−β2^t),
/// <code>
/// r ≥ 5:  θ ← θ − η·√((1−β2^t)·(r−4)(r−2)R / ((R−4)(R−2)r)) / (1−β1^t) · m / (√s + ε)
/// r &lt; 5:  θ ← θ − η/(1−β1^t) · m     (with <see cref="DegenerateToSgd"/>; otherwise nothing)
/// </code>
/// The paper has no rectification. State: m and s; with AMSGrad also the largest s so far. One pass over memory.
/// </remarks>
public sealed record AdaBeliefOptions : MomentOptions
{
    /// <summary>Options with the package's defaults: η 1e-3, β1 0.9, β2 0.999, ε 1e-16, ω 0, rectified.</summary>
    public AdaBeliefOptions() => (LearningRate, Epsilon) = (1e-3, 1e-16);

    /// <summary>Whether steps are rectified as RAdam's; the paper's are not.</summary>
    public bool Rectify { get; init; } = true;

    /// <summary>Whether the first steps, whose rectification is undefined, follow the momentum alone.</summary>
    public bool DegenerateToSgd { get; init; } = true;

    /// <summary>Whether the weight decay shrinks the parameters; otherwise it is added to the gradient.</summary>
    public bool DecoupledDecay { get; init; } = true;

    /// <summary>Whether the denominator uses the largest s so far. It has no effect on rectified steps, as in the package.</summary>
    public bool Amsgrad { get; init; }

    /// <inheritdoc/>
    public override string Name => "AdaBelief";

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => Amsgrad
        ? UpdateMethod.Elementwise<AdaBeliefRule<Yes>, AdaBeliefOptions>() : UpdateMethod.Elementwise<AdaBeliefRule<No>, AdaBeliefOptions>();
}

/// <summary>One step of AdaBelief; the formula is in <see cref="AdaBeliefOptions"/>.</summary>
internal readonly struct AdaBeliefRule<TAmsgrad> : IUpdateRule<AdaBeliefRule<TAmsgrad>, AdaBeliefOptions> where TAmsgrad : struct, IChoice
{
    private readonly Decay beta1, beta2;
    private readonly Coefficient descent, epsilon, shrinkage, coupledDecay, inverseRootCorrection;
    private readonly bool isAdaptive, isRectified;

    private AdaBeliefRule(AdaBeliefOptions options, UpdateStep step)
    {
        (beta1, beta2) = (new(options.Beta1), new(options.Beta2));
        epsilon = options.Epsilon;
        shrinkage = options.DecoupledDecay ? 1 - step.LearningRate * options.WeightDecay : 1;
        coupledDecay = options.DecoupledDecay ? 0 : options.WeightDecay;
        var rectification = Rectification.At(options.Beta2, step.Number);
        isRectified = options.Rectify;
        isAdaptive = !isRectified || rectification.Length >= 5;
        var rate = step.LearningRate / step.Correction(options.Beta1);
        descent = (isRectified, isAdaptive) switch
        {
            (false, _) => -rate,
            (true, true) => -rate * rectification.Factor * Math.Sqrt(step.Correction(options.Beta2)),
            (true, false) => options.DegenerateToSgd ? -rate : 0,
        };
        inverseRootCorrection = isRectified ? 1 : 1 / Math.Sqrt(step.Correction(options.Beta2));
    }

    public static int StateCount => TAmsgrad.IsMade ? 3 : 2;

    public static AdaBeliefRule<TAmsgrad> At(AdaBeliefOptions options, UpdateStep step) => new(options, step);

    [MethodImpl(FloatElements.Inline)]
    public void Update<T>(ref T parameter, T gradient, ref T first, ref T surprise, ref T largest) where T : struct, IElements<T>
    {
        gradient = T.MultiplyAdd(parameter, coupledDecay, gradient);
        first = beta1.Average(first, gradient);
        surprise = beta2.Average(surprise, (gradient - first) * (gradient - first)) + epsilon;
        if (TAmsgrad.IsMade) largest = T.Max(largest, surprise);
        var direction = first;
        if (isAdaptive) direction /= T.Sqrt(TAmsgrad.IsMade && !isRectified ? largest : surprise) * inverseRootCorrection + epsilon;
        parameter = T.MultiplyAdd(direction, descent, parameter * shrinkage);
    }
}
