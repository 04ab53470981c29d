using Microsoft.ML.Data;

namespace Microsoft.ML.Transforms;

/// <summary>Maps keys back to the values they stand for.</summary>
public sealed class KeyToValueMappingEstimator : TrivialEstimator<KeyToValueMappingTransformer>
{
    private readonly ColumnPair[] _pairs;

    internal KeyToValueMappingEstimator(ColumnPair[] pairs) : base(new KeyToValueMappingTransformer(pairs))
    {
        _pairs = pairs;
    }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return inputSchema.With(_pairs.Select(pair =>
        {
            var column = inputSchema.Input(pair.Input);
            if (!column.IsKey) throw Require.SchemaMismatch(nameof(inputSchema), "input", column.Name, "a key", column.TypeName);
            Require.Argument(column.Annotations.TryFindColumn(AnnotationKinds.KeyValues, out var values), nameof(inputSchema),
                $"Column '{column.Name}' has no key values.");
            var annotations = new SchemaShape(column.Annotation(AnnotationKinds.SlotNames));
            return new SchemaShape.Column(pair.Output, column.Kind, values.ItemType, values.IsKey, annotations);
        }));
    }
}
