using TorchSharp;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Labelled rows in memory.</summary>
public sealed class ClassificationData : IDisposable
{
    private readonly long highestLabel;
    private readonly MemoryPressure pressure;

    /// <summary>Takes over features, labels and weights.</summary>
    /// <param name="features">rows × width, float32.</param>
    /// <param name="labels">rows, int64, each in [0, classes).</param>
    /// <param name="weights">rows, float32: how much each row counts, finite and at least 0, not all 0; null where all count alike.</param>
    /// <exception cref="ArgumentException">Shapes or types are not as said, a label is negative, or a weight out of range.</exception>
    public ClassificationData(Tensor features, Tensor labels, Tensor? weights = null) : this(DenseRows.Of(features), labels, weights)
    {
    }

    /// <summary>Takes over rows that are held in another way.</summary>
    internal ClassificationData(FeatureRows features, Tensor labels, Tensor? weights)
    {
        ArgumentNullException.ThrowIfNull(labels);
        if (labels.ndim != 1 || labels.dtype != ScalarType.Int64 || labels.shape[0] != features.Count)
            throw new ArgumentException($"Expected {features.Count} labels of Int64, found {labels.shape.ShapeText()} of {labels.dtype}.", nameof(labels));
        if (labels.numel() > 0)
        {
            using Tensor lowest = labels.min(), highest = labels.max();
            if (lowest.ToInt64() < 0) throw new ArgumentException($"Expected labels of at least 0, found {lowest.ToInt64()}.", nameof(labels));
            highestLabel = highest.ToInt64();
        }
        RequireWeights(weights, features.Count);
        (Features, Labels, Weights) = (features, labels.DetachFromDisposeScope(), weights?.DetachFromDisposeScope());
        pressure = new MemoryPressure(Weights is null ? [.. features.Tensors, Labels] : [.. features.Tensors, Labels, Weights]);
    }

    /// <summary>rows, int64.</summary>
    public Tensor Labels { get; private set; }

    /// <summary>rows, float32, or null where all rows count alike.</summary>
    public Tensor? Weights { get; private set; }

    /// <summary>The number of rows.</summary>
    public long Count => Labels.shape[0];

    internal FeatureRows Features { get; }

    /// <summary>Moves the rows to a device, where they are not there already.</summary>
    public void MoveTo(Device device)
    {
        Features.MoveTo(device);
        Labels = Labels.MovedTo(device);
        Weights = Weights?.MovedTo(device);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Features.Dispose();
        Labels.Dispose();
        Weights?.Dispose();
        pressure.Dispose();
    }

    /// <summary>Some rows, in the order of their numbers.</summary>
    internal LabelledBatch Batch(long[] rows)
    {
        var indices = tensor(rows, device: Labels.device);
        return new LabelledBatch(Features.Select(rows, indices), Labels.index_select(0, indices), Weights?.index_select(0, indices));
    }

    /// <summary>Some consecutive rows.</summary>
    internal LabelledBatch Batch(long start, long count)
        => new(Features.Range(start, count), Labels.narrow(0, start, count), Weights?.narrow(0, start, count));

    /// <summary>Throws where a label is none of a model's classes.</summary>
    internal void RequireClasses(long classes)
    {
        if (highestLabel >= classes)
            throw new ArgumentException(
                $"The data have the label {highestLabel}, but the model has {classes} classes; expected labels from 0 to {classes - 1}.");
    }

    private static void RequireWeights(Tensor? weights, long count)
    {
        if (weights is null) return;
        if (weights.ndim != 1 || weights.dtype != ScalarType.Float32 || weights.shape[0] != count)
            throw new ArgumentException($"Expected {count} weights of Float32, found {weights.shape.ShapeText()} of {weights.dtype}.", nameof(weights));
        if (count == 0) return;
        using Tensor lowest = weights.min(), sum = weights.sum(); // NaN where one of them is.
        if (!(lowest.ToSingle() >= 0) || !float.IsFinite(sum.ToSingle()) || sum.ToSingle() == 0)
            throw new ArgumentException(
                $"Expected finite weights of at least 0 with a sum above 0, found a least of {lowest.ToSingle()} and a sum of {sum.ToSingle()}.", nameof(weights));
    }
}

/// <summary>Labelled rows that go through a model together.</summary>
/// <param name="Features">rows × width, float32.</param>
/// <param name="Labels">rows, int64.</param>
/// <param name="Weights">rows, float32, or null where all count alike.</param>
internal readonly record struct LabelledBatch(Tensor Features, Tensor Labels, Tensor? Weights)
{
    /// <summary>The smallest divisor that is no denormal number, which torch may take for 0.</summary>
    private const float SmallestNormal = 1.17549435e-38f;

    /// <summary>The mean cross-entropy of labels, weighted where there are weights; 0 where all of those are 0.</summary>
    public Tensor MeanLoss(Tensor logits, Tensor labels)
    {
        if (Weights is null) return nn.functional.cross_entropy(logits, labels);
        var losses = nn.functional.cross_entropy(logits, labels, reduction: nn.Reduction.None);
        return losses.mul(Weights).sum().div(Weights.sum().clamp_min(LiveScalar.Of(SmallestNormal)));
    }

    /// <summary>The sum of what the rows have in a column, weighted where there are weights.</summary>
    public double Sum(Tensor column) => (Weights is null ? column : column.mul(Weights)).sum().ToDouble();

    /// <summary>The sum of the weights, or the number of rows.</summary>
    public double TotalWeight => Weights is null ? Labels.shape[0] : Weights.sum().ToDouble();
}
