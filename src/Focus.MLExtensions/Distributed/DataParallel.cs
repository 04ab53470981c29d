using System.Runtime.CompilerServices;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Trains a module on several processes at once, each with its share of every batch: all start with the same weights, and every step
/// follows the mean of the processes' gradients.</summary>
/// <remarks>
/// <para>The ranks' weights stay equal bit for bit where all have the same kind of processor, as many threads, and call the same operations.
/// Nothing but gradients is exchanged; in a job of one process nothing is.</para>
/// <para>Gradients lie in one buffer, in which backward passes add to them. So clear them with <see cref="ZeroGradients"/>, not with
/// <c>zero_grad()</c>, which removes them. Parameters that a backward pass does not reach take part with zeros.</para>
/// </remarks>
/// <example>
/// A loop of one's own with two micro-batches a step, to be started by <c>mpirun</c>:
/// <code>
/// using var communicator = Communicator.Open();
/// var model = TorchSharp.torch.nn.Linear(10, 3);
/// using var parallel = new DataParallel(model, communicator);
/// using var optimizer = new AdamWOptions().CreateOptimizer(model.parameters());
/// for (var step = 0; step &lt; 100; step++)
/// {
///     using var scope = TorchSharp.torch.NewDisposeScope();
///     parallel.ZeroGradients();
///     for (var micro = 0; micro &lt; 2; micro++)
///     {
///         var features = TorchSharp.torch.randn(8, 10); // This rank's rows.
///         model.call(features).square().mean().div(2).backward();
///     }
///     parallel.AverageGradients();
///     optimizer.step();
/// }
/// </code>
/// </example>
public sealed class DataParallel : IDisposable
{
    /// <summary>Elements that are reduced at once: 4 MiB of float32, which are still in the cache when they are divided.</summary>
    private const int SliceElements = 1 << 20;

    private readonly nn.Module module;
    private readonly Communicator communicator;
    private readonly (Parameter Parameter, Tensor Gradient)[] gradients = [];
    private readonly Tensor[] buffers = [];

    /// <summary>Gives the module the weights of rank 0 on all ranks.</summary>
    /// <param name="module">The module, on its device. It must not be moved or converted from then on. Create optimizers after this.</param>
    /// <param name="communicator">The ranks of the job.</param>
    /// <param name="settings">What else must be the same on all ranks, such as the learning rate, by name; null for nothing.</param>
    /// <exception cref="ArgumentException">The module's parameters or the settings are not those of rank 0; the message names the first that
    /// differs.</exception>
    /// <exception cref="RankFailedException">They differ on another rank.</exception>
    public DataParallel(nn.Module module, Communicator communicator, IEnumerable<KeyValuePair<string, string>>? settings = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(communicator);
        (this.module, this.communicator) = (module, communicator);
        if (communicator.Size == 1) return;
        RequireSame([.. Shapes(), .. settings ?? []]);
        foreach (var tensor in module.parameters().Concat(module.buffers())) communicator.Broadcast(tensor);
        var trained = module.parameters().Where(parameter => parameter.requires_grad);
        Parameter[][] byType = [.. trained.GroupBy(parameter => parameter.dtype, (_, group) => group.ToArray())];
        buffers = [.. byType.Select(Zeros)];
        gradients = [.. byType.Zip(buffers, Views).SelectMany(views => views)];
        foreach (var (parameter, gradient) in gradients) parameter.grad = gradient;
    }

    /// <summary>Sets all gradients to zero, for the first backward pass of a step.</summary>
    public void ZeroGradients()
    {
        if (communicator.Size == 1) module.zero_grad();
        foreach (var buffer in buffers) buffer.zero_();
    }

    /// <summary>Replaces all gradients by their mean over the ranks, after the last backward pass of a step and before they are clipped or
    /// used.</summary>
    /// <exception cref="InvalidOperationException">The module's gradients have been removed, as by <c>zero_grad()</c>.</exception>
    public void AverageGradients()
    {
        RequireViews();
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        foreach (var slice in buffers.SelectMany(buffer => buffer.split(SliceElements)))
        {
            communicator.AllReduceSum(slice);
            slice.div_(LiveScalar.Of(communicator.Size));
        }
    }

    /// <summary>Removes the module's gradients.</summary>
    public void Dispose()
    {
        foreach (var (parameter, gradient) in gradients)
        {
            parameter.grad = null;
            gradient.Dispose();
        }
        foreach (var buffer in buffers) buffer.Dispose();
    }

    private static Tensor Zeros(Parameter[] parameters)
        => zeros(parameters.Sum(parameter => parameter.numel()), parameters[0].dtype, parameters[0].device).DetachFromDisposeScope();

    private static IEnumerable<(Parameter, Tensor)> Views(Parameter[] parameters, Tensor buffer)
    {
        var offset = 0L;
        foreach (var parameter in parameters)
        {
            using var part = buffer.narrow(0, offset, parameter.numel());
            yield return (parameter, part.view(parameter.shape).DetachFromDisposeScope());
            offset += parameter.numel();
        }
    }

    private IEnumerable<KeyValuePair<string, string>> Shapes() =>
    [
        .. module.named_parameters().Select(named => Shape(named.name, named.parameter)),
        .. module.named_buffers().Select(named => Shape(named.name, named.buffer)),
        new("number of torch's threads", $"{get_num_threads()}"), // Others sum in another order.
    ];

    private static KeyValuePair<string, string> Shape(string name, Tensor tensor) => new(name, $"{tensor.dtype} {tensor.shape.ShapeText()}");

    private void RequireSame(KeyValuePair<string, string>[] own)
    {
        string[] lines = [.. own.Select(setting => $"{setting.Key}: {setting.Value.ReplaceLineEndings(" ")}"), "the end"];
        var first = communicator.Broadcast(string.Join('\n', lines)).Split('\n');
        communicator.Together(() =>
        {
            foreach (var (mine, other) in lines.Zip(first))
                if (mine != other)
                    throw new ArgumentException($"All ranks must train the same with the same settings; here is {mine}, on rank 0 {other}.");
        });
    }

    private void RequireViews()
    {
        foreach (var (parameter, view) in gradients)
            if (parameter.grad is not { } gradient || (view.device_type == DeviceType.CPU && !IsSame(gradient, view)))
                throw new InvalidOperationException(
                    $"The module's gradients are not those that the ranks exchange; clear them with {nameof(ZeroGradients)}, not with zero_grad().");
    }

    private static bool IsSame(Tensor one, Tensor other)
        => one.numel() == 0 || (one.is_contiguous() && Unsafe.AreSame(ref one.bytes[0], ref other.bytes[0]));
}
