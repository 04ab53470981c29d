namespace Microsoft.ML.Data;

/// <summary>What all rows and cursors need.</summary>
internal static class Rows
{
    public static InvalidOperationException Inactive(DataViewSchema.Column column) =>
        new($"Column '{column.Name}' was not asked for when the cursor was made.");

    public static InvalidOperationException WrongType<TValue>(DataViewSchema.Column column) =>
        new($"Column '{column.Name}' is {column.Type}: its getter fills {column.Type.RawType}, not {typeof(TValue)}.");

    public static InvalidOperationException NoRow() => new("The cursor is not at a row: call MoveNext, and read only while it returns true.");

    /// <summary>Which columns of a schema were asked for.</summary>
    public static bool[] Active(DataViewSchema schema, IEnumerable<DataViewSchema.Column> columnsNeeded)
    {
        ArgumentNullException.ThrowIfNull(columnsNeeded);
        var active = new bool[schema.Count];
        foreach (var column in columnsNeeded)
        {
            if (column.Index >= active.Length) throw new InvalidOperationException($"Column '{column}' is not part of the view, which has {schema}.");
            active[column.Index] = true;
        }

        return active;
    }
}
