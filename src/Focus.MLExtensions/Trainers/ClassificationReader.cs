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
    /// <exception cref="InvalidOperationException">There are none, or a feature is NaN or infinite.</exception>
    public static ClassificationData Read(IDataView data, ClassificationColumns columns, IChannel channel)
    {
        using var cursor = data.GetRowCursor([columns.Features, columns.Label]);
        var readFeatures = cursor.GetGetter<VBuffer<float>>(columns.Features);
        var readLabel = KeyReader(cursor, columns.Label);
        using var rows = new RowTensor(columns.Width, data.GetRowCount());
        var labels = new List<long>();
        var features = default(VBuffer<float>);
        long skipped = 0;
        while (cursor.MoveNext())
        {
            var label = readLabel();
            if (label == 0 || label > (ulong)columns.Classes)
            {
                skipped++;
                continue;
            }
            readFeatures(ref features);
            CopyFeatures(features, rows.Add(), columns.Features, cursor.Position);
            labels.Add((long)label - 1);
        }

        if (skipped > 0)
            channel.Warning(MessageSensitivity.Schema, "{0}",
                $"{skipped} of {skipped + labels.Count} rows were left out, as their label in column '{columns.Label.Name}' is missing.");
        if (labels.Count == 0)
            throw new InvalidOperationException(
                $"There are no rows to use: the data has {skipped} rows, none of which has a label in column '{columns.Label.Name}'.");
        return new ClassificationData(rows.ToTensor(), tensor(labels.ToArray()));
    }

    private static void CopyFeatures(in VBuffer<float> features, Span<float> target, DataViewSchema.Column column, long row)
    {
        if (features.Length != target.Length)
            throw new InvalidOperationException($"Column '{column.Name}', row {row}: expected {target.Length} features, found {features.Length}.");
        features.CopyTo(target);
        var slot = IndexOfNonFinite(target);
        if (slot >= 0)
            throw new InvalidOperationException(
                $"Column '{column.Name}', row {row}, slot {slot}: expected a finite number, found {target[slot]}. Replace or drop such values first, " +
                "for instance with ReplaceMissingValues or FilterRowsByMissingValues.");
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
