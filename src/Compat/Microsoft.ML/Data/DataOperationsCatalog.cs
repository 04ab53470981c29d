using Microsoft.ML.Data;

namespace Microsoft.ML;

/// <summary>Makes, splits and filters views.</summary>
public sealed class DataOperationsCatalog
{
    private const int UnseededSplit = 42;

    private readonly int? _seed;

    internal DataOperationsCatalog(int? seed)
    {
        _seed = seed;
    }

    /// <summary>A view over objects; it enumerates them once for each cursor.</summary>
    public IDataView LoadFromEnumerable<TRow>(IEnumerable<TRow> data, SchemaDefinition schemaDefinition = null) where TRow : class
    {
        ArgumentNullException.ThrowIfNull(data);
        return new ObjectDataView<TRow>(data, schemaDefinition);
    }

    /// <summary>A view over objects whose members have the types and annotations of a schema's columns.</summary>
    public IDataView LoadFromEnumerable<TRow>(IEnumerable<TRow> data, DataViewSchema schema) where TRow : class
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(schema);
        return new ObjectDataView<TRow>(data, ObjectColumns<TRow>.Define(schema));
    }

    /// <summary>The rows of a view as objects.</summary>
    public IEnumerable<TRow> CreateEnumerable<TRow>(IDataView data, bool reuseRowObject, bool ignoreMissingColumns = false,
        SchemaDefinition schemaDefinition = null) where TRow : class, new()
    {
        ArgumentNullException.ThrowIfNull(data);
        return Enumerate(data, new ObjectReader<TRow>(data.Schema, ignoreMissingColumns, schemaDefinition), reuseRowObject);
    }

    /// <summary>Splits rows at random, the same way each time for the same seed.</summary>
    public TrainTestData TrainTestSplit(IDataView data, double testFraction = 0.1, string samplingKeyColumnName = null, int? seed = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        Require.Argument(testFraction > 0 && testFraction < 1, nameof(testFraction), $"The test fraction lies between 0 and 1; {testFraction} does not.");
        if (samplingKeyColumnName is not null) throw new NotSupportedException("This stand-in for ML.NET splits without a sampling key.");

        var generator = new SplitRandom((uint)(seed ?? _seed ?? UnseededSplit));
        return new TrainTestData(Side(isTest: false), Side(isTest: true));

        SelectedRows Side(bool isTest) => new(data, _ => null, () =>
        {
            var random = generator;
            return input =>
            {
                while (input.MoveNext())
                {
                    if (random.NextSingle() < testFraction == isTest) return true;
                }

                return false;
            };
        });
    }

    /// <summary>The first rows.</summary>
    public IDataView TakeRows(IDataView input, long count)
    {
        ArgumentNullException.ThrowIfNull(input);
        Require.Argument(count > 0, nameof(count), $"The number of rows to take is positive, not {count}.");
        return new SelectedRows(input, rows => rows is { } all ? Math.Min(all, count) : null, () =>
        {
            var left = count;
            return cursor => left-- > 0 && cursor.MoveNext();
        });
    }

    /// <summary>All rows but the first.</summary>
    public IDataView SkipRows(IDataView input, long count)
    {
        ArgumentNullException.ThrowIfNull(input);
        Require.Argument(count > 0, nameof(count), $"The number of rows to skip is positive, not {count}.");
        return new SelectedRows(input, rows => rows is { } all ? Math.Max(0, all - count) : null, () =>
        {
            var left = count;
            return cursor =>
            {
                for (; left > 0; left--)
                {
                    if (!cursor.MoveNext()) return false;
                }

                return cursor.MoveNext();
            };
        });
    }

    private static IEnumerable<TRow> Enumerate<TRow>(IDataView data, ObjectReader<TRow> reader, bool reuseRowObject) where TRow : class, new()
    {
        using var cursor = data.GetRowCursor(reader.Columns);
        var fill = reader.MakeFiller(cursor);
        TRow row = null;
        while (cursor.MoveNext())
        {
            if (!reuseRowObject || row is null) row = new TRow();
            fill(row);
            yield return row;
        }
    }

    /// <summary>Two disjoint parts of a view.</summary>
    public struct TrainTestData
    {
        public readonly IDataView TrainSet;
        public readonly IDataView TestSet;

        internal TrainTestData(IDataView trainSet, IDataView testSet)
        {
            TrainSet = trainSet;
            TestSet = testSet;
        }
    }
}
