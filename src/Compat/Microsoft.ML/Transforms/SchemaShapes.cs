namespace Microsoft.ML.Data;

/// <summary>What estimators do with schema shapes.</summary>
internal static class SchemaShapes
{
    /// <summary>The input column of a name; an estimator cannot do without it.</summary>
    public static SchemaShape.Column Input(this SchemaShape inputSchema, string name) =>
        inputSchema.TryFindColumn(name, out var column) ? column : throw Require.MissingColumn(nameof(inputSchema), "input", name);

    /// <summary>The shape with columns replaced, by name, or added.</summary>
    public static SchemaShape With(this SchemaShape inputSchema, IEnumerable<SchemaShape.Column> columns)
    {
        var result = inputSchema.ToDictionary(column => column.Name);
        foreach (var column in columns) result[column.Name] = column;
        return new SchemaShape(result.Values);
    }

    /// <summary>An annotation column, if a column has it.</summary>
    public static IEnumerable<SchemaShape.Column> Annotation(this SchemaShape.Column column, string kind) =>
        column.Annotations.Where(annotation => annotation.Name == kind);
}
