using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>In which type a model computes while it is trained.</summary>
/// <remarks>The optimizer's weights and state are float32 always; with the shorter types the model computes with rounded copies of the
/// weights, and the gradients are summed, clipped and applied in float32.</remarks>
public enum TrainingPrecision
{
    /// <summary>32 bits throughout.</summary>
    Float32,

    /// <summary>16 bits with the range of float32 and 8 significant bits.</summary>
    /// <remarks>On a CPU, libtorch's own kernels compute in it. Processors with AMX or AVX512-BF16 multiply matrices in it faster than in float32;
    /// on others every operation converts to float32 and back, which is slower than float32.</remarks>
    BFloat16,

    /// <summary>16 bits with 11 significant bits and values up to 65504, with dynamic loss scaling; as in the paper's GPT-2 runs.</summary>
    Float16,
}

internal static class TrainingPrecisions
{
    extension(TrainingPrecision precision)
    {
        public TorchSharp.torch.ScalarType ScalarType => precision switch
        {
            TrainingPrecision.BFloat16 => TorchSharp.torch.ScalarType.BFloat16,
            TrainingPrecision.Float16 => TorchSharp.torch.ScalarType.Float16,
            _ => TorchSharp.torch.ScalarType.Float32,
        };
    }
}

/// <summary>Dynamic loss scaling: the factor that lifts float16 gradients out of the range where they would round to zero.</summary>
/// <remarks>
/// The scale starts at 65536, halves whenever gradients overflow, and doubles after 2000 steps without, as torch.cuda.amp.GradScaler does
/// (Micikevicius et al. 2018, Mixed Precision Training). Other types need no scaling; their scale is always 1.
/// </remarks>
internal sealed class LossScaler(bool dynamic)
{
    private const double InitialScale = 65536, Growth = 2, Backoff = 0.5;
    private const int GrowthInterval = 2000;

    /// <summary>The smallest scale: where gradients overflow below it, they are infinite or NaN in any type.</summary>
    private const double SmallestScale = 1.0 / 65536;

    private int stepsSinceChange;

    public bool IsDynamic => dynamic;
    public double Scale { get; private set; } = dynamic ? InitialScale : 1;

    /// <summary>The scale and how many steps it has stood, to be restored later; null where it is always 1.</summary>
    public LossScalerState? State
    {
        get => dynamic ? new(Scale, stepsSinceChange) : null;
        set => (Scale, stepsSinceChange) = dynamic && value is { } saved ? (saved.Scale, saved.StepsSinceChange) : (Scale, stepsSinceChange);
    }

    /// <summary>Takes note of a step whose gradients were finite.</summary>
    public void Accept()
    {
        if (!dynamic || ++stepsSinceChange < GrowthInterval) return;
        (Scale, stepsSinceChange) = (Scale * Growth, 0);
    }

    /// <summary>Takes note of a step whose gradients overflowed.</summary>
    /// <returns>Whether a smaller scale can help.</returns>
    public bool TryBackOff()
    {
        if (!dynamic || Scale <= SmallestScale) return false;
        (Scale, stepsSinceChange) = (Scale * Backoff, 0);
        return true;
    }
}

/// <summary>What a <see cref="LossScaler"/> remembers.</summary>
internal readonly record struct LossScalerState(double Scale, int StepsSinceChange);

/// <summary>The model that computes losses and gradients: the trained one itself in float32, otherwise a copy of it in a shorter type.</summary>
/// <remarks>The trained model keeps the float32 master weights, and collects the gradients in float32.</remarks>
internal sealed class WorkingModel : IDisposable
{
    private readonly (Parameter Master, Parameter Working)[] pairs;

    public WorkingModel(Gpt2 master, TrainingPrecision precision)
    {
        Model = precision == TrainingPrecision.Float32 ? master : Copy(master, precision.ScalarType);
        pairs = Model == master ? [] : [.. master.parameters().Zip(Model.parameters())];
        Refresh();
    }

    public Gpt2 Model { get; }

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
