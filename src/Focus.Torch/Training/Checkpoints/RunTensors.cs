using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>The tensors of a run as a checkpoint names them: the weights under their own names, and each one's optimizer state.</summary>
internal sealed class RunTensors
{
    private readonly (string Name, Parameter Parameter, ElementwiseState State)[] parameters;

    /// <exception cref="NotSupportedException">The optimizer is not one of this library's.</exception>
    public RunTensors(Gpt2 model, OptimizerHelper optimizer)
    {
        var names = model.named_parameters().ToDictionary(named => named.parameter.Handle, named => named.name);
        parameters = [.. optimizer.parameters().Zip(optimizer.state_dict().State, (parameter, state) => (
            names[parameter.Handle],
            parameter,
            state as ElementwiseState ?? throw new NotSupportedException(
                $"The state of {optimizer.GetType().Name} cannot be kept in checkpoints; expected FOCUS, Signum or AdamW of Focus.")))
        ];
    }

    /// <summary>All tensors by name: the run's own, but for the step counts, which are copies for the caller to dispose of.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> Named()
    {
        foreach (var (name, parameter, _) in parameters) yield return new(name, parameter);
        foreach (var (name, _, state) in parameters)
        {
            for (var i = 0; i < state.Tensors.Count; i++) yield return new(CheckpointTensors.OptimizerName(name, $"{i}"), state.Tensors[i]);
            yield return new(StepName(name), tensor(state.Step));
        }
    }

    /// <summary>Copies a checkpoint's tensors into the run's.</summary>
    /// <exception cref="InvalidDataException">The checkpoint holds other tensors; nothing was copied.</exception>
    public void Restore(SafetensorsReader checkpoint)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var targets = Named().ToDictionary();
        CheckpointTensors.RequireSame(
            targets.ToDictionary(target => target.Key, target => (target.Value.dtype, target.Value.shape)), checkpoint.Header.Entries);
        var steps = parameters.ToDictionary(parameter => StepName(parameter.Name), parameter => parameter.State);
        foreach (var (name, tensor) in checkpoint.ReadTensors())
        {
            using var read = tensor;
            if (steps.TryGetValue(name, out var state)) state.Step = read.ToInt64();
            else targets[name].copy_(read);
        }
    }

    private static string StepName(string parameter) => CheckpointTensors.OptimizerName(parameter, "step");
}
