using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>Columns of text.</summary>
internal static class TextColumn
{
    private const string Role = "text", Expectation = "text (String)";

    /// <exception cref="ArgumentOutOfRangeException">The column is missing or of the wrong type.</exception>
    public static DataViewSchema.Column Find(DataViewSchema schema, string name)
    {
        var column = SchemaColumns.Find(schema, name, Role);
        return column.Type is TextDataViewType ? column : throw SchemaColumns.Mismatch(Role, name, Expectation, column.Type.ToString()!);
    }

    /// <summary>Finds the same faults before there are data.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing or of the wrong type.</exception>
    public static void Check(SchemaShape shape, string name)
    {
        var column = SchemaColumns.Find(shape, name, Role);
        if (column.Kind != SchemaShape.Column.VectorKind.Scalar || column.ItemType is not TextDataViewType)
            throw SchemaColumns.Mismatch(Role, name, Expectation, SchemaColumns.Describe(column));
    }
}
