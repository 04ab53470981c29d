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
    public abstract OptimizerHelper CreateOptimizer(IEnumerable<ParameterGroup> parameterGroups);

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
}

/// <summary>Parameters that share a learning rate and a weight decay.</summary>
/// <param name="parameters">The parameters; each may appear in one group only.</param>
public sealed class ParameterGroup(IEnumerable<Parameter> parameters)
{
    /// <summary>The parameters of the group.</summary>
    public IReadOnlyList<Parameter> Parameters { get; } = [.. parameters];

    /// <summary>The group's learning rate, finite and ≥ 0, or null for the optimizer's.</summary>
    public double? LearningRate { get; init; }

    /// <summary>The group's weight decay, finite and ≥ 0, or null for the optimizer's. Models give 0 to biases and normalisation
    /// parameters.</summary>
    public double? WeightDecay { get; init; }

    /// <summary>The optimizer's options as they are for this group.</summary>
    internal TOptions Own<TOptions>(TOptions options) where TOptions : OptimizerSettings
    {
        var own = options with
        {
            LearningRate = LearningRate ?? options.LearningRate,
            WeightDecay = WeightDecay ?? options.WeightDecay,
        };
        own.Validate();
        return own;
    }
}
