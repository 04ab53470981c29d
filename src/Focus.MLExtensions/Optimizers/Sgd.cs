using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>Gradient descent with momentum, also in Nesterov's form, as <c>torch.optim.SGD</c> computes it.</summary>
/// <remarks>
/// <code>
/// g ← g + ω·θ        M ← μ·M + (1−d)·g   (at the first step M = g)        u = g + μ·M (Nesterov) or M        θ ← θ − η·u
/// </code>
/// The weight decay is added to the gradient, so the momentum smooths it too. State: M. One pass over memory.
/// </remarks>
public sealed record SgdOptions : MomentumOptions
{
    /// <summary>Options with the defaults η 1e-2, μ 0.9, Nesterov, ω 0.</summary>
    public SgdOptions() => LearningRate = 1e-2;

    /// <summary>How much less than itself a gradient adds to the momentum, in [0, 1); 0 with Nesterov.</summary>
    public double Dampening { get; init; }

    /// <summary>Whether the step looks ahead by one momentum.</summary>
    public bool Nesterov { get; init; } = true;

    /// <inheritdoc/>
    public override string Name => "SGD";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.Fraction(Dampening);
        if (Nesterov && Dampening > 0) throw Check.OutOfRange(nameof(Dampening), Dampening, $"0 with {nameof(Nesterov)}");
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => UpdateMethod.Elementwise<SgdRule, SgdOptions>();
}

/// <summary>One step of gradient descent with momentum; the formula is in <see cref="SgdOptions"/>.</summary>
internal readonly struct SgdRule : IUpdateRule<SgdRule, SgdOptions>
{
    private readonly Coefficient momentum, fresh, descent, decay;
    private readonly bool nesterov;

    private SgdRule(SgdOptions options, UpdateStep step)
    {
        momentum = options.Momentum;
        fresh = step.Number == 1 ? 1 : 1 - options.Dampening;
        descent = -step.LearningRate;
        decay = options.WeightDecay;
        nesterov = options.Nesterov;
    }

    public static int StateCount => 1;

    public static SgdRule At(SgdOptions options, UpdateStep step) => new(options, step);

    [MethodImpl(FloatElements.Inline)]
    public void Update<T>(ref T parameter, T gradient, ref T velocity, ref T second, ref T third) where T : struct, IElements<T>
    {
        gradient = T.MultiplyAdd(parameter, decay, gradient);
        velocity = T.MultiplyAdd(gradient, fresh, velocity * momentum);
        var direction = nesterov ? T.MultiplyAdd(velocity, momentum, gradient) : velocity;
        parameter = T.MultiplyAdd(direction, descent, parameter);
    }
}
