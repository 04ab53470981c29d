using System.Numerics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Reads labelled rows of a view into tensors.</summary>
internal static class ClassificationReader
{
    /// <summary>Reads the rows whose label is not missing.</summary>
    public static ClassificationData Read(IDataView data, ClassificationColumns columns, IChannel channel, CancellationToken cancellation)
    {
        using var cursor = data.GetRowCursor(columns.All);
        var readFeatures = cursor.GetGetter<VBuffer<float>>(columns.Features);
        var readLabel = KeyReader(cursor, columns.Label);
        var readWeight = columns.Weight is { } weight ? cursor.GetGetter<float>(weight) : null;
        using var rows = new FeatureCollector(columns.Width, data.GetRowCount());
        var (labels, weights) = (new List<long>(), new List<float>());
        var features = default(VBuffer<float>);
        long skipped = 0;
        while (cursor.MoveNext())
        {
            cancellation.ThrowIfCancellationRequested();
            var label = readLabel();
            if (label == 0 || label > (ulong)columns.Classes)
            {
                skipped++;
                continue;
            }
            readFeatures(ref features);
            Require(features, columns, cursor.Position);
            rows.Add(features);
            labels.Add((long)label - 1);
            if (readWeight is not null) weights.Add(Weight(readWeight, columns, cursor.Position));
        }

        if (skipped > 0)
            channel.Warning(MessageSensitivity.Schema, "{0}",
                $"{skipped} of {skipped + labels.Count} rows were left out, as their label in column '{columns.Label.Name}' is missing.");
        if (labels.Count == 0)
            throw new InvalidOperationException(
                $"There are no rows to use: the data has {skipped} rows, none of which has a label in column '{columns.Label.Name}'.");
        if (readWeight is not null && weights.Max() == 0)
            throw new InvalidOperationException($"All {weights.Count} rows have weight 0 in column '{columns.Weight!.Value.Name}'; expected some above 0.");
        return new ClassificationData(rows.ToRows(), tensor(labels.ToArray()), readWeight is null ? null : tensor(weights.ToArray()));
    }

    private static void Require(in VBuffer<float> features, ClassificationColumns columns, long row)
    {
        if (features.Length != columns.Width)
            throw new InvalidOperationException($"Column '{columns.Features.Name}', row {row}: expected {columns.Width} features, found {features.Length}.");
        var found = IndexOfNonFinite(features.GetValues());
        if (found >= 0)
            throw new InvalidOperationException(
                $"Column '{columns.Features.Name}', row {row}, slot {(features.IsDense ? found : features.GetIndices()[found])}: expected a finite number, " +
                $"found {features.GetValues()[found]}. Replace or drop such values first, for instance with ReplaceMissingValues or FilterRowsByMissingValues.");
    }

    private static float Weight(ValueGetter<float> read, ClassificationColumns columns, long row)
    {
        var weight = 0f;
        read(ref weight);
        return float.IsFinite(weight) && weight >= 0 ? weight : throw new InvalidOperationException(
            $"Column '{columns.Weight!.Value.Name}', row {row}: expected a finite weight of at least 0, found {weight}.");
    }

    /// <summary>The first NaN or infinity, or -1; x − x is 0 for finite numbers only.</summary>
    private static int IndexOfNonFinite(ReadOnlySpan<float> values)
    {
        var i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var vector = new Vector<float>(values[i..]);
            if (!Vector.EqualsAll(vector - vector, Vector<float>.Zero)) break;
        }
        for (; i < values.Length; i++)
            if (!float.IsFinite(values[i])) return i;
        return -1;
    }

    private static Func<ulong> KeyReader(DataViewRow row, DataViewSchema.Column column) => column.Type.RawType switch
    {
        var type when type == typeof(byte) => KeyReader<byte>(row, column),
        var type when type == typeof(ushort) => KeyReader<ushort>(row, column),
        var type when type == typeof(uint) => KeyReader<uint>(row, column),
        _ => KeyReader<ulong>(row, column),
    };

    private static Func<ulong> KeyReader<T>(DataViewRow row, DataViewSchema.Column column) where T : struct, IBinaryInteger<T>
    {
        var getter = row.GetGetter<T>(column);
        T key = default;
        return () =>
        {
            getter(ref key);
            return ulong.CreateTruncating(key);
        };
    }
}

/// <summary>Features as they are read: a matrix as long as all rows are dense, and rows of their own from the first sparse one on.</summary>
internal sealed class FeatureCollector(int width, long? expectedRows) : IDisposable
{
    private RowTensor? dense;
    private SparseRows? sparse;

    public void Add(in VBuffer<float> row)
    {
        if (sparse is null && row.IsDense) row.CopyTo((dense ??= new RowTensor(width, expectedRows)).Add());
        else (sparse ??= StartSparse()).Add(row.GetIndices(), row.GetValues());
    }

    /// <summary>All rows, of which there is at least one.</summary>
    public FeatureRows ToRows() => sparse ?? (FeatureRows)new DenseRows(dense!.ToTensor());

    public void Dispose() => dense?.Dispose();

    private SparseRows StartSparse()
    {
        var rows = new SparseRows(width);
        for (var row = 0L; row < dense?.Count; row++) rows.Add([], dense.Row(row));
        dense?.Dispose();
        dense = null;
        return rows;
    }
}

/// <summary>A float32 matrix that grows row by row.</summary>
internal sealed class RowTensor(int width, long? expectedRows) : IDisposable
{
    /// <summary>Rows that are open for writing at a time, as a span covers at most 2 GiB.</summary>
    private readonly long windowRows = Math.Max(1, (1 << 22) / width);

    private Tensor storage = empty(Math.Max(1, expectedRows ?? 1), width);
    private Tensor? window;
    private long windowStart;
    private long count;

    public long Count => count;

    /// <summary>Adds a row, to be filled through the span.</summary>
    public Span<float> Add()
    {
        if (window is null || count == windowStart + window.shape[0]) OpenWindow();
        return window!.Floats().Slice((int)(count++ - windowStart) * width, width);
    }

    /// <summary>A row that was added.</summary>
    public Span<float> Row(long row)
    {
        using var tensor = storage[row];
        return tensor.Floats();
    }

    /// <summary>rows × width; shares the matrix's memory.</summary>
    public Tensor ToTensor() => storage.narrow(0, 0, count);

    public void Dispose()
    {
        window?.Dispose();
        storage.Dispose();
    }

    private void OpenWindow()
    {
        if (count == storage.shape[0]) Grow();
        window?.Dispose();
        windowStart = count;
        window = storage.narrow(0, count, Math.Min(windowRows, storage.shape[0] - count));
    }

    private void Grow()
    {
        using var old = storage;
        using var room = empty(Math.Max(count, 1024), width);
        storage = cat([old, room]);
    }
}

/// <summary>The columns of data to learn a classifier from.</summary>
internal sealed record ClassificationColumns(
    DataViewSchema.Column Features, DataViewSchema.Column Label, DataViewSchema.Column? Weight, int Width, int Classes, KeyValues? LabelValues)
{
    public IEnumerable<DataViewSchema.Column> All => Weight is { } weight ? [Features, Label, weight] : [Features, Label];

    public static ClassificationColumns Find(DataViewSchema schema, string featureName, string labelName, string? weightName)
    {
        var features = ColumnRole.Features.Find(schema, featureName);
        var label = ColumnRole.Label.Find(schema, labelName);
        var key = (KeyDataViewType)label.Type;
        if (key.Count is < 2 or > int.MaxValue) throw ColumnRole.Label.Mismatch(labelName, "a key of at least 2 values", $"{key}");
        DataViewSchema.Column? weight = weightName is null ? null : ColumnRole.ExampleWeight.Find(schema, weightName);
        return new ClassificationColumns(features, label, weight, ((VectorDataViewType)features.Type).Size, (int)key.Count, KeyValues.Of(label));
    }

    /// <summary>Finds columns of the same names, widths and classes in the schema of an evaluation set.</summary>
    public ClassificationColumns FindAgain(DataViewSchema schema)
    {
        var other = Find(schema, Features.Name, Label.Name, Weight?.Name);
        if (other.Width != Width) throw Evaluation(ColumnRole.Features).Mismatch(Features.Name, $"{Features.Type}", $"{other.Features.Type}");
        if (other.Classes != Classes) throw Evaluation(ColumnRole.Label).Mismatch(Label.Name, $"{Label.Type}", $"{other.Label.Type}");
        if (LabelValues is { } values && other.LabelValues is { } otherValues) RequireSame(values.Texts, otherValues.Texts);
        return other;
    }

    private void RequireSame(string[] values, string[] others)
    {
        var index = values.AsSpan().CommonPrefixLength(others);
        if (index < values.Length || index < others.Length)
            throw Evaluation(ColumnRole.Label).Mismatch(
                Label.Name, $"'{values.ElementAtOrDefault(index)}' as key value {index}, as in training", $"'{others.ElementAtOrDefault(index)}'");
    }

    private static ColumnRole Evaluation(ColumnRole role) => role with { Name = $"evaluation set's {role.Name}" };
}
