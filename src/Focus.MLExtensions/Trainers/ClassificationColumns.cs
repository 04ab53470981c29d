using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>The feature and the label column of data to learn a classifier from.</summary>
/// <param name="Features">A vector of <paramref name="Width"/> Single.</param>
/// <param name="Label">A key of <paramref name="Classes"/> values.</param>
/// <param name="Width">The size of the feature vector.</param>
/// <param name="Classes">The number of classes.</param>
/// <param name="LabelValues">What the classes stand for, where the label says so.</param>
internal sealed record ClassificationColumns(
    DataViewSchema.Column Features, DataViewSchema.Column Label, int Width, int Classes, KeyValues? LabelValues)
{
    /// <summary>Finds the columns in a schema.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is missing or of the wrong type.</exception>
    public static ClassificationColumns Find(DataViewSchema schema, string featureName, string labelName)
    {
        var features = FindFeatures(schema, featureName, out var width);
        var label = SchemaColumns.Find(schema, labelName, "label");
        if (label.Type is not KeyDataViewType key) throw SchemaColumns.Mismatch("label", labelName, "a key (MapValueToKey makes one)", label.Type.ToString()!);
        if (key.Count is < 2 or > int.MaxValue) throw SchemaColumns.Mismatch("label", labelName, "a key of at least 2 values", label.Type.ToString()!);
        return new ClassificationColumns(features, label, width, (int)key.Count, KeyValues.Of(label));
    }

    /// <summary>Finds a feature column.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing or of the wrong type.</exception>
    public static DataViewSchema.Column FindFeatures(DataViewSchema schema, string name, out int width)
    {
        var column = SchemaColumns.Find(schema, name, "feature");
        if (column.Type is not VectorDataViewType { IsKnownSize: true } vector || !vector.ItemType.Equals(NumberDataViewType.Single))
            throw SchemaColumns.Mismatch("feature", name, FeatureExpectation, column.Type.ToString()!);
        width = vector.Size;
        return column;
    }

    public const string FeatureExpectation = "a vector of Single of known size";

    /// <summary>Finds columns of the same names, widths and classes in another schema.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is missing or differs.</exception>
    public ClassificationColumns FindAgain(DataViewSchema schema)
    {
        var other = Find(schema, Features.Name, Label.Name);
        if (other.Width != Width) throw SchemaColumns.Mismatch("evaluation set's feature", Features.Name, Features.Type.ToString()!, other.Features.Type.ToString()!);
        if (other.Classes != Classes) throw SchemaColumns.Mismatch("evaluation set's label", Label.Name, Label.Type.ToString()!, other.Label.Type.ToString()!);
        if (LabelValues is { } values && other.LabelValues is { } otherValues && !values.Texts.SequenceEqual(otherValues.Texts))
            throw SchemaColumns.Mismatch(
                "evaluation set's label", Label.Name, $"the key values {string.Join(", ", values.Texts)}", string.Join(", ", otherValues.Texts));
        return other;
    }
}
