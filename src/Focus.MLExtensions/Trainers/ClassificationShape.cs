using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>What a classifier's trainer promises about columns before it sees data.</summary>
internal static class ClassificationShape
{
    /// <summary>The shape of the input with the columns of a classifier.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The feature or the label column is missing or of the wrong type.</exception>
    public static SchemaShape Output(SchemaShape input, string featureName, string labelName)
    {
        var features = Find(input, featureName, "feature");
        if (features.Kind != SchemaShape.Column.VectorKind.Vector || features.IsKey || !features.ItemType.Equals(NumberDataViewType.Single))
            throw ClassificationColumns.Mismatch("feature", featureName, ClassificationColumns.FeatureExpectation, Describe(features));
        var label = Find(input, labelName, "label");
        if (label.Kind != SchemaShape.Column.VectorKind.Scalar || !label.IsKey)
            throw ClassificationColumns.Mismatch("label", labelName, "a key (MapValueToKey makes one)", Describe(label));

        var added = MlNetInternals.Current.CreateSchemaShape(ExampleSchema(label));
        return new SchemaShape(input.Where(column => added.All(other => other.Name != column.Name)).Concat(added));
    }

    /// <summary>A schema that has the shape of the added columns: two classes stand for any number.</summary>
    private static DataViewSchema ExampleSchema(SchemaShape.Column label)
    {
        var valueType = label.Annotations.FirstOrDefault(annotation => annotation.Name == KeyValues.Kind).ItemType;
        var type = valueType is null ? null : KeyValueType.Of(valueType);
        var schema = new DataViewSchema.Builder();
        schema.AddColumns(ScoreColumns.Of(2, type?.Defaults(2)));
        return schema.ToSchema();
    }

    private static SchemaShape.Column Find(SchemaShape shape, string name, string role)
    {
        var found = shape.Where(column => column.Name == name).ToArray();
        return found.Length > 0 ? found[^1] : throw ClassificationColumns.Missing(role, name, shape.Select(column => column.Name));
    }

    internal static string Describe(SchemaShape.Column column)
    {
        var item = column.IsKey ? $"Key<{column.ItemType}>" : $"{column.ItemType}";
        return column.Kind switch
        {
            SchemaShape.Column.VectorKind.Scalar => item,
            SchemaShape.Column.VectorKind.Vector => $"Vector<{item}>",
            _ => $"Vector<{item}> of unknown size",
        };
    }
}
