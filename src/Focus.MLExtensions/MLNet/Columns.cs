using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>A column's type, as far as both a schema and a schema shape describe it.</summary>
internal readonly record struct ColumnShape(SchemaShape.Column.VectorKind Kind, DataViewType ItemType, bool IsKey)
{
    public bool IsScalar => Kind == SchemaShape.Column.VectorKind.Scalar;

    public static ColumnShape Of(SchemaShape.Column column) => new(column.Kind, column.ItemType, column.IsKey);

    public static ColumnShape Of(DataViewType type)
    {
        var vector = type as VectorDataViewType;
        var kind = vector is null ? SchemaShape.Column.VectorKind.Scalar
            : vector.IsKnownSize ? SchemaShape.Column.VectorKind.Vector
            : SchemaShape.Column.VectorKind.VariableVector;
        var item = vector?.ItemType ?? type;
        return new(kind, item, item is KeyDataViewType);
    }

    public override string ToString()
    {
        var item = IsKey ? $"Key<{ItemType}>" : $"{ItemType}";
        return Kind switch
        {
            SchemaShape.Column.VectorKind.Scalar => item,
            SchemaShape.Column.VectorKind.Vector => $"Vector<{item}>",
            _ => $"Vector<{item}> of unknown size",
        };
    }
}

/// <summary>What a column is used for and the types it may have. Finds the column in a schema, or in a shape before there are data.</summary>
internal sealed record ColumnRole(string Name, string Expected, Func<ColumnShape, bool> Fits)
{
    public static ColumnRole Text { get; } = new("text", "text (String)", shape => shape.IsScalar && shape.ItemType is TextDataViewType);

    public static ColumnRole Tokens { get; } = new(
        "token", "a vector of Int32 (TokenizeGpt2 or TokenizeCharacters makes one)",
        shape => !shape.IsScalar && !shape.IsKey && shape.ItemType.Equals(NumberDataViewType.Int32));

    public static ColumnRole Features { get; } = new(
        "feature", "a vector of Single of known size",
        shape => shape.Kind == SchemaShape.Column.VectorKind.Vector && !shape.IsKey && shape.ItemType.Equals(NumberDataViewType.Single));

    public static ColumnRole Label { get; } = new("label", "a key (MapValueToKey makes one)", shape => shape.IsScalar && shape.IsKey);

    public static ColumnRole ExampleWeight { get; } = new(
        "example weight", "Single", shape => shape.IsScalar && !shape.IsKey && shape.ItemType.Equals(NumberDataViewType.Single));

    public static ColumnRole Cell { get; } = new(
        "cell", "Double or Single",
        shape => shape.IsScalar && !shape.IsKey && (shape.ItemType.Equals(NumberDataViewType.Double) || shape.ItemType.Equals(NumberDataViewType.Single)));

    public DataViewSchema.Column Find(DataViewSchema schema, string name)
    {
        var column = schema.GetColumnOrNull(name) ?? throw Missing(name, schema.Select(column => column.Name));
        Require(name, ColumnShape.Of(column.Type), column.Type);
        return column;
    }

    public SchemaShape.Column Find(SchemaShape shape, string name)
    {
        // Of columns of the same name, the last hides the others.
        if (shape.Where(column => column.Name == name).ToArray() is not [.., var column]) throw Missing(name, shape.Select(other => other.Name));
        var found = ColumnShape.Of(column);
        Require(name, found, found);
        return column;
    }

    public ArgumentOutOfRangeException Missing(string column, IEnumerable<string> found)
        => new("inputSchema", $"There is no {Name} column '{column}' in the schema; it has {string.Join(", ", found.Select(other => $"'{other}'"))}.");

    public ArgumentOutOfRangeException Mismatch(string column, string expected, string found)
        => new("inputSchema", $"The {Name} column '{column}' does not fit: expected {expected}, found {found}.");

    private void Require(string name, ColumnShape shape, object found)
    {
        if (!Fits(shape)) throw Mismatch(name, Expected, $"{found}");
    }
}

/// <summary>Shapes of schemas.</summary>
internal static class SchemaShapes
{
    /// <summary>A shape with further columns, which hide those of the same name.</summary>
    public static SchemaShape With(this SchemaShape shape, IEnumerable<DataViewSchema.DetachedColumn> added)
    {
        var schema = new DataViewSchema.Builder();
        schema.AddColumns(added);
        var addedShape = MlNetInternals.Current.CreateSchemaShape(schema.ToSchema());
        return new SchemaShape(shape.Where(column => addedShape.All(other => other.Name != column.Name)).Concat(addedShape));
    }
}
