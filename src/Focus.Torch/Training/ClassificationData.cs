using static TorchSharp.torch;

namespace Focus;

/// <summary>Labelled rows in memory.</summary>
public sealed class ClassificationData : IDisposable
{
    /// <summary>Takes over features and labels.</summary>
    /// <param name="features">rows × width, float32.</param>
    /// <param name="labels">rows, int64, each in [0, classes).</param>
    /// <exception cref="ArgumentException">Shapes or types are not as said.</exception>
    public ClassificationData(Tensor features, Tensor labels)
    {
        if (features.ndim != 2 || features.dtype != ScalarType.Float32)
            throw new ArgumentException($"Expected features as rows × width of Float32, found [{string.Join(", ", features.shape)}] of {features.dtype}.", nameof(features));
        if (labels.ndim != 1 || labels.dtype != ScalarType.Int64 || labels.shape[0] != features.shape[0])
            throw new ArgumentException($"Expected {features.shape[0]} labels of Int64, found [{string.Join(", ", labels.shape)}] of {labels.dtype}.", nameof(labels));
        Features = features.DetachFromDisposeScope();
        Labels = labels.DetachFromDisposeScope();
    }

    /// <summary>rows × width, float32.</summary>
    public Tensor Features { get; private set; }

    /// <summary>rows, int64.</summary>
    public Tensor Labels { get; private set; }

    /// <summary>The number of rows.</summary>
    public long Count => Labels.shape[0];

    /// <summary>Moves the rows to a device, where they are not there already.</summary>
    public void MoveTo(Device device)
    {
        Features = Move(Features, device);
        Labels = Move(Labels, device);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Features.Dispose();
        Labels.Dispose();
    }

    private static Tensor Move(Tensor tensor, Device device)
    {
        // Several trainings may share the rows, which must then stay as they are.
        if (tensor.device is var here && here.type == device.type && (device.index < 0 || here.index == device.index)) return tensor;
        var moved = tensor.to(device);
        tensor.Dispose();
        return moved.DetachFromDisposeScope();
    }
}
