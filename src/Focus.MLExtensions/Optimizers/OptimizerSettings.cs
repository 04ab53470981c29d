using TorchSharp.Modules;

namespace Focus;

/// <summary>What every optimizer has: a learning rate and a weight decay. Derived records add their own hyperparameters.</summary>
/// <remarks>
/// Options are immutable values: compare them with <c>==</c>, vary them with <c>with { … }</c>. Which parameters decay is not decided here
/// but by the model's <see cref="ParameterGroup"/>s.
/// </remarks>
public abstract record OptimizerSettings
{
    /// <summary>The learning rate η, finite and ≥ 0. A <see cref="LearningRateSchedule"/> multiplies it.</summary>
    public double LearningRate { get; init; }

    /// <summary>The decoupled weight decay ω, finite and ≥ 0. Each optimizer says what it pulls towards.</summary>
    public double WeightDecay { get; init; }

    /// <summary>The optimizer's name as people write it, such as <c>FOCUS</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Creates the optimizer for groups of parameters; a group may override the learning rate and the weight decay.</summary>
    /// <returns>An optimizer for TorchSharp's own loops and schedulers; its state is saved and restored exactly by <c>save_state_dict</c>
    /// and <c>load_state_dict</c>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A hyperparameter is out of its range.</exception>
    /// <exception cref="ArgumentException">There is no parameter, or one appears in two groups.</exception>
    /// <example>
    /// <code>
    /// var model = TorchSharp.torch.nn.Linear(10, 2);
    /// using var optimizer = new FocusOptions { LearningRate = 1e-3, WeightDecay = 0.1 }.CreateOptimizer(
    /// [
    ///     new ParameterGroup([model.weight]),
    ///     new ParameterGroup([model.bias!]) { WeightDecay = 0 },
    /// ]);
    /// var scheduler = TorchSharp.torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr: 1e-2, total_steps: 100);
    /// </code>
    /// </example>
    public virtual OptimizerHelper CreateOptimizer(IEnumerable<ParameterGroup> parameterGroups) => new SettingsOptimizer(parameterGroups, this);

    /// <summary>Creates the optimizer for parameters that all share the learning rate and the weight decay.</summary>
    /// <inheritdoc cref="CreateOptimizer(IEnumerable{ParameterGroup})"/>
    public OptimizerHelper CreateOptimizer(IEnumerable<Parameter> parameters) => CreateOptimizer([new ParameterGroup(parameters)]);

    /// <summary>Checks every hyperparameter against its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is out of range; the message names it, its value and the range.</exception>
    public virtual void Validate()
    {
        Check.NonNegative(LearningRate);
        Check.NonNegative(WeightDecay);
    }

    /// <summary>The way in which the optimizer updates parameters. Settings for an optimizer of TorchSharp override
    /// <see cref="CreateOptimizer(IEnumerable{ParameterGroup})"/> instead.</summary>
    /// <exception cref="NotSupportedException">Neither is overridden.</exception>
    protected virtual UpdateMethod CreateMethod()
        => throw new NotSupportedException($"{GetType().Name} must override {nameof(CreateMethod)} or {nameof(CreateOptimizer)}.");

    internal UpdateMethod NewMethod() => CreateMethod();

    /// <summary>Whether there must be parameters that the optimizer does not leave to another one.</summary>
    internal virtual bool NeedsMatrices => false;

    /// <summary>The name of an option that other settings of the same kind have otherwise, or null: real numbers may differ, but state made with
    /// other choices, counts or sizes does not fit.</summary>
    internal string? StructuralDifference(OptimizerSettings other)
    {
        foreach (var property in GetType().GetProperties().Where(property => property.CanWrite && property.PropertyType != typeof(double)))
        {
            var (own, its) = (property.GetValue(this), property.GetValue(other));
            if (own is OptimizerSettings mine && its is OptimizerSettings theirs && mine.GetType() == theirs.GetType())
            {
                if (mine.StructuralDifference(theirs) is { } inner) return $"{property.Name}.{inner}";
            }
            else if (own is double && its is double) continue;
            else if (!Equals(own, its)) return property.Name;
        }
        return null;
    }

    /// <summary>The settings for parameters of a role: these, unless the optimizer leaves the role to another one.</summary>
    /// <exception cref="ArgumentException">The optimizer cannot update parameters of the role.</exception>
    protected internal virtual OptimizerSettings For(ParameterRole role) => this;

    /// <summary>The decay of the momentum, which TorchSharp's schedulers may cycle; null where there is none.</summary>
    protected internal virtual double? CycledMomentum => null;

    /// <summary>Which estimates the optimizer needs besides gradients, and at every how many steps.</summary>
    internal virtual (CurvatureKind Kind, long Interval) Curvature => (CurvatureKind.None, 1);

    /// <summary>Takes such an estimate into the state of a parameter.</summary>
    internal virtual void TakeCurvature<T>(T estimate, ref T first, ref T second, ref T third) where T : struct, IElements<T>
    {
    }

    /// <summary>The estimate of the curvature where the Hessian's diagonal is known.</summary>
    internal virtual T ExactCurvature<T>(T hessianDiagonal) where T : struct, IElements<T> => hessianDiagonal;

    /// <summary>Whether the model to keep has other weights than the one in training.</summary>
    internal virtual bool HasAverage => false;

    /// <summary>The weights to keep, of weights in training and their first state after a step.</summary>
    internal virtual T AverageOf<T>(T training, T first) where T : struct, IElements<T> => training;

    /// <summary>These settings with another <see cref="CycledMomentum"/>.</summary>
    protected internal virtual OptimizerSettings WithMomentum(double momentum) => this;
}

/// <summary>The options that Adam's relatives share: they keep moving averages of the gradient and of its square, the first and the second
/// moment.</summary>
public abstract record MomentOptions : OptimizerSettings
{
    /// <summary>The decay β1 of the first moment, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>The decay β2 of the second moment, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>The term ε added to the denominator, finite and &gt; 0.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.Fraction(Beta1);
        Check.Fraction(Beta2);
        Check.Positive(Epsilon);
    }

    /// <summary>AdamW with these options.</summary>
    internal AdamWOptions AsAdamW => new() { LearningRate = LearningRate, Beta1 = Beta1, Beta2 = Beta2, Epsilon = Epsilon, WeightDecay = WeightDecay };

    /// <summary>The same in the form in which several optimizers of matrices update other parameters.</summary>
    private protected AdamWOptions UncorrectedAdamW => AsAdamW with { UncorrectedEpsilon = true, DecaysAfterStep = true };

    /// <inheritdoc/>
    protected internal override double? CycledMomentum => Beta1;

    /// <inheritdoc/>
    protected internal override OptimizerSettings WithMomentum(double momentum) => this with { Beta1 = momentum };
}

/// <summary>The options that gradient descent with momentum and its relatives share.</summary>
public abstract record MomentumOptions : OptimizerSettings
{
    /// <summary>The decay μ of the momentum, in [0, 1).</summary>
    public double Momentum { get; init; } = 0.9;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.Fraction(Momentum);
    }

    /// <inheritdoc/>
    protected internal override double? CycledMomentum => Momentum;

    /// <inheritdoc/>
    protected internal override OptimizerSettings WithMomentum(double momentum) => this with { Momentum = momentum };
}
