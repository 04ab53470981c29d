using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>RAdam: Adam whose first steps are rectified, as the second moment is then a mean of few values (arXiv:1908.03265).</summary>
/// <remarks>
/// With a and r of the rectification, R = 2/(1−β2) − 1, r = R − 2t·β2^t/(1−β2^t), a = √((r−4)(r−2)R / ((R−4)(R−2)r)):
/// <code>
/// g ← g + ω·θ        m ← β1·m + (1−β1)·g        v ← β2·v + (1−β2)·g²
/// r &gt; 5:  θ ← θ − η·a·√(1−β2^t)/(1−β1^t) · m / (√v + ε)        else:  θ ← θ − η/(1−β1^t)·m
/// </code>
/// This is <c>torch.optim.RAdam</c>. The authors' code decouples the decay, and takes no step at all, without decay, while r &lt; 5, unless
/// <see cref="DegenerateToSgd"/> is set. State: m and v. One pass over memory.
/// </remarks>
public sealed record RAdamOptions : MomentOptions
{
    /// <summary>Options with PyTorch's defaults: η 1e-3, β1 0.9, β2 0.999, ε 1e-8, ω 0.</summary>
    public RAdamOptions() => LearningRate = 1e-3;

    /// <summary>Whether to compute as the authors' code does instead of as PyTorch.</summary>
    public bool AuthorsForm { get; init; }

    /// <summary>Whether the authors' form follows the momentum alone in its first steps, as PyTorch's always does.</summary>
    public bool DegenerateToSgd { get; init; }

    /// <inheritdoc/>
    public override string Name => "RAdam";

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => UpdateMethod.Elementwise<RAdamRule, RAdamOptions>();
}

/// <summary>One step of RAdam; the formula is in <see cref="RAdamOptions"/>.</summary>
internal readonly struct RAdamRule : IUpdateRule<RAdamRule, RAdamOptions>
{
    private readonly Decay beta1, beta2;
    private readonly Coefficient descent, epsilon, shrinkage, coupledDecay;
    private readonly bool isAdaptive;

    private RAdamRule(RAdamOptions options, UpdateStep step)
    {
        (beta1, beta2) = (new(options.Beta1), new(options.Beta2));
        epsilon = options.Epsilon;
        var rectification = Rectification.At(options.Beta2, step.Number);
        isAdaptive = options.AuthorsForm ? rectification.Length >= 5 : rectification.Length > 5;
        var moves = isAdaptive || !options.AuthorsForm || options.DegenerateToSgd;
        var rate = step.LearningRate / step.Correction(options.Beta1);
        descent = isAdaptive ? -rate * rectification.Factor * Math.Sqrt(step.Correction(options.Beta2)) : moves ? -rate : 0;
        coupledDecay = options.AuthorsForm ? 0 : options.WeightDecay;
        shrinkage = options.AuthorsForm && moves ? 1 - step.LearningRate * options.WeightDecay : 1;
    }

    public static int StateCount => 2;

    public static RAdamRule At(RAdamOptions options, UpdateStep step) => new(options, step);

    [MethodImpl(FloatElements.Inline)]
    public void Update<T>(ref T parameter, T gradient, ref T first, ref T second, ref T third) where T : struct, IElements<T>
    {
        gradient = T.MultiplyAdd(parameter, coupledDecay, gradient);
        first = beta1.Average(first, gradient);
        second = beta2.Average(second, gradient * gradient);
        var direction = isAdaptive ? first / (T.Sqrt(second) + epsilon) : first;
        parameter = T.MultiplyAdd(direction, descent, parameter * shrinkage);
    }
}

/// <summary>The rectification of the first steps, when the second moment is a mean of few values (arXiv:1908.03265).</summary>
/// <param name="Length">r = R − 2t·β2^t/(1−β2^t), the length of the moving average, with R = 2/(1−β2) − 1.</param>
/// <param name="Factor">√((r−4)(r−2)R / ((R−4)(R−2)r)); NaN where it is not defined, which is below a length of 4.</param>
internal readonly record struct Rectification(double Length, double Factor)
{
    public static Rectification At(double beta2, long step)
    {
        var limit = 2 / (1 - beta2) - 1;
        var power = Math.Pow(beta2, step);
        var length = limit - 2 * step * power / (1 - power);
        return new(length, Math.Sqrt((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)));
    }
}
