using Microsoft.ML.Data;

namespace Microsoft.ML.Transforms;

/// <summary>Learns the values of columns, to map them to keys.</summary>
public sealed class ValueToKeyMappingEstimator : IEstimator<ValueToKeyMappingTransformer>
{
    internal const int DefaultMaximumNumberOfKeys = 1_000_000;

    private readonly ColumnPair[] _pairs;
    private readonly int _maximumNumberOfKeys;
    private readonly KeyOrdinality _keyOrdinality;
    private readonly bool _asText;
    private readonly IDataView _keyData;

    internal ValueToKeyMappingEstimator(ColumnPair[] pairs, int maximumNumberOfKeys, KeyOrdinality keyOrdinality, bool asText, IDataView keyData)
    {
        _pairs = ColumnPair.Check(pairs);
        _maximumNumberOfKeys = maximumNumberOfKeys;
        _keyOrdinality = keyOrdinality;
        _asText = asText;
        _keyData = keyData;
        Require.Argument(keyData is null || keyData.Schema.Count == 1, nameof(keyData),
            $"The view of keys has one column, not {keyData?.Schema.Count}.");
    }

    /// <summary>How keys are numbered.</summary>
    public enum KeyOrdinality : byte
    {
        ByOccurrence = 0,
        ByValue = 1,
    }

    public ValueToKeyMappingTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var columns = Array.ConvertAll(_pairs, pair =>
            input.Schema.GetColumnOrNull(pair.Input) ?? throw Require.MissingColumn(nameof(input), "input", pair.Input));
        return new(_pairs, _keyData is null ? Learn(input, columns, _maximumNumberOfKeys) : LearnFromKeyData(columns), _asText);
    }

    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return inputSchema.With(_pairs.Select(pair =>
        {
            var column = inputSchema.Input(pair.Input);
            var learnt = new SchemaShape.Column(AnnotationKinds.KeyValues, SchemaShape.Column.VectorKind.Vector,
                _asText ? TextDataViewType.Instance : column.ItemType, column.IsKey && !_asText);
            var keyValues = column.Annotation(AnnotationKinds.KeyValues)
                .Where(kept => column.IsKey && kept.Kind == SchemaShape.Column.VectorKind.Vector).DefaultIfEmpty(learnt);
            var annotations = new SchemaShape(column.Annotation(AnnotationKinds.SlotNames).Concat(keyValues));
            return new SchemaShape.Column(pair.Output, column.Kind, NumberDataViewType.UInt32, isKey: true, annotations);
        }));
    }

    private Vocabulary[] LearnFromKeyData(DataViewSchema.Column[] columns)
    {
        var itemType = _keyData.Schema[0].Type;
        foreach (var column in columns)
        {
            Require.Argument(itemType.Equals(column.Type.ItemType()), "keyData",
                $"The view of keys has the type {itemType}, column '{column.Name}' has {column.Type}.");
        }

        var vocabulary = Learn(_keyData, [_keyData.Schema[0]], int.MaxValue)[0];
        return Array.ConvertAll(columns, _ => vocabulary);
    }

    private Vocabulary[] Learn(IDataView data, DataViewSchema.Column[] columns, int maximum)
    {
        using var cursor = data.GetRowCursor(columns);
        var builders = Array.ConvertAll(columns, column => VocabularyBuilder.Create(cursor, column, maximum));
        while (cursor.MoveNext())
        {
            foreach (var builder in builders) builder.AddRow();
        }

        return Array.ConvertAll(builders, builder => builder.Finish(_keyOrdinality));
    }
}
