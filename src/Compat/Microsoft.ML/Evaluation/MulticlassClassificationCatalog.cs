using System.Numerics;
using Microsoft.ML.Data;

namespace Microsoft.ML;

/// <summary>Multiclass classification.</summary>
public sealed class MulticlassClassificationCatalog
{
    internal MulticlassClassificationCatalog()
    {
    }

    /// <summary>Evaluates scored data: label a key or Single, score a vector of probabilities. Rows without a label or with bad scores do
    /// not count.</summary>
    public MulticlassClassificationMetrics Evaluate(IDataView data, string labelColumnName = "Label", string scoreColumnName = "Score",
        string predictedLabelColumnName = "PredictedLabel", int topKPredictionCount = 0)
    {
        ArgumentNullException.ThrowIfNull(data);
        var label = Find(data, labelColumnName, "label");
        var score = Find(data, scoreColumnName, "score");
        Find(data, predictedLabelColumnName, "predicted label");
        Require.Argument(topKPredictionCount >= 0, nameof(topKPredictionCount), $"The number of predictions is not negative: {topKPredictionCount}.");

        if (score.Type is not VectorDataViewType { Size: >= 2 } scores || scores.ItemType != NumberDataViewType.Single)
            throw Require.SchemaMismatch(nameof(data), "score", scoreColumnName, "a vector of two or more Single", score.Type.ToString());
        if (label.Type is not KeyDataViewType && label.Type != NumberDataViewType.Single)
            throw Require.SchemaMismatch(nameof(data), "label", labelColumnName, "Single or a key", label.Type.ToString());

        return new(Count(data, label, score, scores.Size), topKPredictionCount, ClassNames(score, scores.Size));
    }

    private static DataViewSchema.Column Find(IDataView data, string name, string role)
    {
        Require.Name(name, nameof(name));
        return data.Schema.GetColumnOrNull(name) ?? throw Require.MissingColumn(nameof(data), role, name);
    }

    private static MulticlassCounters Count(IDataView data, DataViewSchema.Column label, DataViewSchema.Column score, int classes)
    {
        var counters = new MulticlassCounters(classes);
        using var cursor = data.GetRowCursor([label, score]);
        var readLabel = label.Type is KeyDataViewType key
            ? Dispatch.Call<Func<float>>(typeof(MulticlassClassificationCatalog), null, nameof(KeyReader), key.RawType, cursor, label, key.Count)
            : NumberReader(cursor, label);
        var readScore = cursor.GetGetter<VBuffer<float>>(score);
        VBuffer<float> buffer = default;
        var scores = new float[classes];
        while (cursor.MoveNext())
        {
            var value = readLabel();
            if (!(value >= 0) || value != (int)value) continue;
            readScore(ref buffer);
            if (buffer.Length != classes)
                throw new InvalidOperationException($"Column '{score.Name}' has {classes} slots, but row {cursor.Position} has {buffer.Length}.");
            buffer.CopyTo(scores);
            if (Array.TrueForAll(scores, float.IsFinite)) counters.Add((int)value, scores);
        }

        return counters;
    }

    private static Func<float> NumberReader(DataViewRow row, DataViewSchema.Column label)
    {
        var getter = row.GetGetter<float>(label);
        var value = 0f;
        return () =>
        {
            getter(ref value);
            return value;
        };
    }

    private static Func<float> KeyReader<TKey>(DataViewRow row, DataViewSchema.Column label, ulong count) where TKey : IUnsignedNumber<TKey>
    {
        var getter = row.GetGetter<TKey>(label);
        var key = TKey.Zero;
        return () =>
        {
            getter(ref key);
            var index = ulong.CreateTruncating(key);
            return index > 0 && index <= count ? index - 1 : float.NaN;
        };
    }

    private static string[] ClassNames(DataViewSchema.Column score, int classes)
    {
        if (!score.HasSlotNames()) return Enumerable.Range(0, classes).Select(i => i.ToString()).ToArray();
        VBuffer<ReadOnlyMemory<char>> names = default;
        score.GetSlotNames(ref names);
        return names.DenseValues().Select(name => name.ToString()).ToArray();
    }
}
