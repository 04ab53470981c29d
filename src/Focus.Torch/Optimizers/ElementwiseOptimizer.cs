using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>An optimizer whose step is an <see cref="IUpdateRule{TSelf, TOptions}"/> applied to each parameter tensor.</summary>
/// <remarks>
/// Contiguous float32 tensors on the CPU are gathered into one <see cref="FusedLoop{TRule}"/>: one pass over memory, on all cores.
/// Everything else takes tensor operations with the same result.
/// </remarks>
internal abstract class ElementwiseOptimizer<TRule, TOptions> : OptimizerHelper
    where TRule : struct, IUpdateRule<TRule, TOptions>
    where TOptions : OptimizerOptions
{
    private readonly FusedLoop<TRule> fusedLoop = new();

    protected ElementwiseOptimizer(IEnumerable<ParameterGroup> groups, TOptions options)
    {
        ArgumentNullException.ThrowIfNull(groups);
        options.Validate();
        _defaults = new GroupOptions<TOptions>(options);
        _parameter_groups = new List<ParamGroup>();
        foreach (var group in groups)
            add_param_group(new ParamGroup<GroupOptions<TOptions>>(group.Parameters, GroupOptions(options, group)));
        if (!parameters().Any()) throw new ArgumentException("There is no parameter to optimize.", nameof(groups));
    }

    /// <summary>Adds a group, whose options are the optimizer's own unless it brings some, with fresh state for its parameters.</summary>
    public override void add_param_group(ParamGroup group)
    {
        group.Options ??= new GroupOptions<TOptions>(((GroupOptions<TOptions>)_defaults).Hyperparameters);
        group.Options.InitialLearningRate = group.Options.LearningRate!.Value;
        foreach (var parameter in group.Parameters)
        {
            if (_state.ContainsKey(parameter.Handle))
                throw new ArgumentException($"A parameter of shape [{string.Join(", ", parameter.shape)}] stands twice in the optimizer's groups.", nameof(group));
            var state = new ElementwiseState(parameter, TRule.StateCount);
            state.Initialize(group.Options);
            _state[parameter.Handle] = state;
        }
        _parameter_groups.Add(group);
    }

    /// <summary>Updates every parameter that has a gradient.</summary>
    public override Tensor step(Func<Tensor>? closure = null)
    {
        try
        {
            var loss = _step<ParamGroup>(Gather, closure);
            fusedLoop.Run();
            return loss;
        }
        finally
        {
            fusedLoop.Clear(); // Also after a step that failed: by the next one the gradients may lie elsewhere.
        }
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (!disposing) return;
        foreach (var (_, state) in _state) ((ElementwiseState)state).Dispose();
    }

    private void Gather(ParamGroup group)
    {
        var options = ((GroupOptions<TOptions>)group.Options).Hyperparameters;
        foreach (var parameter in group.Parameters)
        {
            if (parameter.grad is not { } gradient) continue;
            var state = (ElementwiseState)_state[parameter.Handle];
            var rule = TRule.At(options, group.LearningRate, ++state.Step);
            if (!fusedLoop.TryAdd(rule, parameter, gradient, state.First, state.Second))
                rule.Update(parameter, gradient, state.First, state.Second);
        }
    }

    private static GroupOptions<TOptions> GroupOptions(TOptions options, ParameterGroup group)
    {
        var own = options with
        {
            LearningRate = group.LearningRate ?? options.LearningRate,
            WeightDecay = group.WeightDecay ?? options.WeightDecay,
        };
        own.Validate();
        return new GroupOptions<TOptions>(own);
    }
}
