using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>The model that computes losses and gradients: the trained one itself in float32, otherwise a copy of it in a shorter type.</summary>
/// <remarks>The trained model keeps the float32 master weights, and collects the gradients in float32.</remarks>
internal sealed class WorkingModel : IDisposable
{
    private readonly (Parameter Master, Parameter Working)[] pairs;

    /// <param name="master">The model to train, on its device.</param>
    /// <param name="precision">The type to compute in.</param>
    public WorkingModel(Gpt2 master, TrainingPrecision precision)
    {
        Model = precision == TrainingPrecision.Float32 ? master : Copy(master, precision.ScalarType);
        pairs = Model == master ? [] : [.. master.parameters().Zip(Model.parameters())];
        Refresh();
    }

    /// <summary>The model to compute with.</summary>
    public Gpt2 Model { get; }

    /// <summary>Rounds the master weights into the working ones.</summary>
    public void Refresh()
    {
        using var _ = no_grad();
        foreach (var (master, working) in pairs) working.copy_(master);
    }

    /// <summary>Adds the working gradients to the master's, and clears them.</summary>
    public void CollectGradients()
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (master, working) in pairs)
        {
            if (working.grad is not { } gradient) continue;
            if (master.grad is { } sum) sum.add_(gradient, LiveScalar.One);
            else master.grad = gradient.to(ScalarType.Float32);
            working.grad = null;
        }
    }

    public void Dispose()
    {
        if (pairs.Length > 0) Model.Dispose();
    }

    private static Gpt2 Copy(Gpt2 master, ScalarType type)
    {
        var copy = new Gpt2(master.Config);
        copy.to(type);
        copy.to(master.parameters().First().device);
        return copy;
    }
}
