using static TorchSharp.torch;

namespace Focus;

/// <summary>The features of rows in memory, from which batches are made.</summary>
internal abstract class FeatureRows : IDisposable
{
    /// <summary>The number of rows.</summary>
    public abstract long Count { get; }

    /// <summary>The features of a row.</summary>
    public abstract int Width { get; }

    /// <summary>The tensors that hold them.</summary>
    public abstract IEnumerable<Tensor> Tensors { get; }

    /// <summary>Chooses the device of batches.</summary>
    public abstract void MoveTo(Device device);

    /// <summary>Some rows: rows × width, float32.</summary>
    /// <param name="rows">Their numbers.</param>
    /// <param name="indices">The same on the device.</param>
    public abstract Tensor Select(long[] rows, Tensor indices);

    /// <summary>Consecutive rows: count × width, float32.</summary>
    public abstract Tensor Range(long start, long count);

    public abstract void Dispose();
}

/// <summary>Rows as one matrix, on the device.</summary>
internal sealed class DenseRows(Tensor features) : FeatureRows
{
    private Tensor features = features.DetachFromDisposeScope();

    public override long Count => features.shape[0];
    public override int Width => (int)features.shape[1];
    public override IEnumerable<Tensor> Tensors => [features];

    /// <summary>The rows of a matrix, rows × width, float32, which is taken over.</summary>
    public static DenseRows Of(Tensor features)
    {
        ArgumentNullException.ThrowIfNull(features);
        if (features.ndim != 2 || features.dtype != ScalarType.Float32)
            throw new ArgumentException($"Expected features as rows × width of Float32, found {features.shape.ShapeText()} of {features.dtype}.", nameof(features));
        return new DenseRows(features);
    }

    public override void MoveTo(Device device) => features = features.MovedTo(device);

    public override Tensor Select(long[] rows, Tensor indices) => features.index_select(0, indices);

    public override Tensor Range(long start, long count) => features.narrow(0, start, count);

    public override void Dispose() => features.Dispose();
}

/// <summary>Rows that are mostly zeros, each as its other values; only batches of them are matrices.</summary>
internal sealed class SparseRows(int width) : FeatureRows
{
    private readonly List<(int[]? Slots, float[] Values)> rows = [];
    private Device device = CPU;

    public override long Count => rows.Count;
    public override int Width => width;
    public override IEnumerable<Tensor> Tensors => [];

    /// <summary>Adds a row whose values lie in some slots, or in all where there are as many.</summary>
    public void Add(ReadOnlySpan<int> slots, ReadOnlySpan<float> values)
        => rows.Add((values.Length == width ? null : slots.ToArray(), values.ToArray()));

    public override void MoveTo(Device device) => this.device = device;

    public override Tensor Select(long[] rows, Tensor indices) => Batch(rows.Length, i => rows[i]);

    public override Tensor Range(long start, long count) => Batch(count, i => start + i);

    public override void Dispose() => rows.Clear();

    private Tensor Batch(long count, Func<int, long> rowOf)
    {
        var batch = zeros(count, width);
        for (var i = 0; i < count; i++)
        {
            using var target = batch[i]; // Its own tensor, as a span covers at most 2 GiB.
            Fill(target.Floats(), rows[(int)rowOf(i)]);
        }
        return batch.to(device);
    }

    private static void Fill(Span<float> target, (int[]? Slots, float[] Values) row)
    {
        if (row.Slots is null) row.Values.CopyTo(target);
        else for (var i = 0; i < row.Slots.Length; i++) target[row.Slots[i]] = row.Values[i];
    }
}

/// <summary>Tensors that follow a training to its device.</summary>
internal static class TensorMoves
{
    /// <summary>The tensor on a device: itself where it is there, which several trainings may then share; else a copy in its place.</summary>
    public static Tensor MovedTo(this Tensor tensor, Device device)
    {
        if (tensor.device is var here && here.type == device.type && (device.index < 0 || here.index == device.index)) return tensor;
        var moved = tensor.to(device);
        tensor.Dispose();
        return moved.DetachFromDisposeScope();
    }
}
