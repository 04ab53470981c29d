using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>The columns of a view that hold the values of cells.</summary>
internal static class CellColumns
{
    private const string Role = "cell", Expectation = "Double or Single";

    private static readonly string Names = string.Join(", ", CellAxis.All.Select(axis => axis.Name));

    /// <summary>Finds the columns in a schema.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is none, or one is of the wrong type.</exception>
    public static (CellAxis Axis, DataViewSchema.Column Column)[] Find(DataViewSchema schema)
    {
        var found = new List<(CellAxis, DataViewSchema.Column)>();
        foreach (var axis in CellAxis.All)
        {
            if (schema.GetColumnOrNull(axis.Name) is not { } column) continue;
            if (!IsNumber(column.Type)) throw SchemaColumns.Mismatch(Role, axis.Name, Expectation, column.Type.ToString()!);
            found.Add((axis, column));
        }
        return found.Count > 0 ? [.. found] : throw SchemaColumns.Missing(Role, Names, schema.Select(column => column.Name));
    }

    /// <summary>Finds the same faults before there are data.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no column, or one is of the wrong type.</exception>
    public static void Check(SchemaShape shape)
    {
        var columns = shape.Where(column => CellAxis.All.Any(axis => axis.Name == column.Name)).ToArray();
        if (columns.Length == 0) throw SchemaColumns.Missing(Role, Names, shape.Select(column => column.Name));
        foreach (var column in columns)
            if (column.Kind != SchemaShape.Column.VectorKind.Scalar || column.IsKey || !IsNumber(column.ItemType))
                throw SchemaColumns.Mismatch(Role, column.Name, Expectation, SchemaColumns.Describe(column));
    }

    private static bool IsNumber(DataViewType type) => type.Equals(NumberDataViewType.Double) || type.Equals(NumberDataViewType.Single);
}
