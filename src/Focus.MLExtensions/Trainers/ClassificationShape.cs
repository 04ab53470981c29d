using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>What a classifier's trainer promises about columns before it sees data.</summary>
internal static class ClassificationShape
{
    /// <summary>Two classes stand for any number: shapes do not hold sizes.</summary>
    private const int AnyClasses = 2;

    /// <summary>The shape of the input with the columns of a classifier.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The feature or the label column is missing or of the wrong type.</exception>
    public static SchemaShape Output(SchemaShape input, string featureName, string labelName)
    {
        var features = SchemaColumns.Find(input, featureName, "feature");
        if (features.Kind != SchemaShape.Column.VectorKind.Vector || features.IsKey || !features.ItemType.Equals(NumberDataViewType.Single))
            throw SchemaColumns.Mismatch("feature", featureName, ClassificationColumns.FeatureExpectation, SchemaColumns.Describe(features));
        var label = SchemaColumns.Find(input, labelName, "label");
        if (label.Kind != SchemaShape.Column.VectorKind.Scalar || !label.IsKey)
            throw SchemaColumns.Mismatch("label", labelName, "a key (MapValueToKey makes one)", SchemaColumns.Describe(label));

        var valueType = label.Annotations.FirstOrDefault(annotation => annotation.Name == KeyValues.Kind).ItemType;
        var values = valueType is null ? null : KeyValueType.Of(valueType)?.Defaults(AnyClasses);
        return SchemaColumns.Append(input, ScoreColumns.Of(AnyClasses, values));
    }
}
