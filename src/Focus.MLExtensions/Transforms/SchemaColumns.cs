using Microsoft.ML;

namespace Focus;

/// <summary>Finds columns in schemas and in the shapes of schemas, and names what does not fit.</summary>
internal static class SchemaColumns
{
    /// <summary>A column of a schema.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing.</exception>
    public static DataViewSchema.Column Find(DataViewSchema schema, string name, string role)
        => schema.GetColumnOrNull(name) ?? throw Missing(role, name, schema.Select(column => column.Name));

    /// <summary>A column of a shape.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing.</exception>
    public static SchemaShape.Column Find(SchemaShape shape, string name, string role)
    {
        var found = shape.Where(column => column.Name == name).ToArray();
        return found.Length > 0 ? found[^1] : throw Missing(role, name, shape.Select(column => column.Name));
    }

    /// <summary>The error for a column that is missing.</summary>
    public static ArgumentOutOfRangeException Missing(string role, string name, IEnumerable<string> found)
        => new("schema", $"There is no {role} column '{name}' in the schema; it has {string.Join(", ", found.Select(column => $"'{column}'"))}.");

    /// <summary>The error for a column of the wrong type.</summary>
    public static ArgumentOutOfRangeException Mismatch(string role, string name, string expected, string found)
        => new("schema", $"The {role} column '{name}' does not fit: expected {expected}, found {found}.");

    /// <summary>The type of a shape's column.</summary>
    public static string Describe(SchemaShape.Column column)
    {
        var item = column.IsKey ? $"Key<{column.ItemType}>" : $"{column.ItemType}";
        return column.Kind switch
        {
            SchemaShape.Column.VectorKind.Scalar => item,
            SchemaShape.Column.VectorKind.Vector => $"Vector<{item}>",
            _ => $"Vector<{item}> of unknown size",
        };
    }

    /// <summary>A shape with further columns, which hide those of the same name.</summary>
    public static SchemaShape Append(SchemaShape shape, IEnumerable<DataViewSchema.DetachedColumn> added)
    {
        var schema = new DataViewSchema.Builder();
        schema.AddColumns(added);
        var addedShape = MlNetInternals.Current.CreateSchemaShape(schema.ToSchema());
        return new SchemaShape(shape.Where(column => addedShape.All(other => other.Name != column.Name)).Concat(addedShape));
    }
}
