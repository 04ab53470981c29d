using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>What the column of a schema and that of a shape both say of its type.</summary>
internal readonly record struct ColumnKind(SchemaShape.Column.VectorKind Kind, DataViewType ItemType, bool IsKey)
{
    public bool IsScalar => Kind == SchemaShape.Column.VectorKind.Scalar;

    public static ColumnKind Of(SchemaShape.Column column) => new(column.Kind, column.ItemType, column.IsKey);

    public static ColumnKind Of(DataViewType type)
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

/// <summary>A role that columns have, and of what type they must be for it; found in schemas, and in shapes before there are data.</summary>
internal sealed record ColumnRole(string Name, string Expected, Func<ColumnKind, bool> Fits)
{
    public static ColumnRole Text { get; } = new("text", "text (String)", kind => kind.IsScalar && kind.ItemType is TextDataViewType);

    public static ColumnRole Tokens { get; } = new(
        "token", "a vector of Int32 (TokenizeGpt2 or TokenizeCharacters makes one)",
        kind => !kind.IsScalar && !kind.IsKey && kind.ItemType.Equals(NumberDataViewType.Int32));

    public static ColumnRole Features { get; } = new(
        "feature", "a vector of Single of known size",
        kind => kind.Kind == SchemaShape.Column.VectorKind.Vector && !kind.IsKey && kind.ItemType.Equals(NumberDataViewType.Single));
    public static ColumnRole Label { get; } = new("label", "a key (MapValueToKey makes one)", kind => kind.IsScalar && kind.IsKey);

    public static ColumnRole Cell { get; } = new(
        "cell", "Double or Single",
        kind => kind.IsScalar && !kind.IsKey && (kind.ItemType.Equals(NumberDataViewType.Double) || kind.ItemType.Equals(NumberDataViewType.Single)));

    public DataViewSchema.Column Find(DataViewSchema schema, string name)
    {
        var column = schema.GetColumnOrNull(name) ?? throw Missing(name, schema.Select(column => column.Name));
        return Fits(ColumnKind.Of(column.Type)) ? column : throw Mismatch(name, Expected, $"{column.Type}");
    }

    public SchemaShape.Column Find(SchemaShape shape, string name)
    {
        // Of columns of the same name, the last hides the others.
        if (shape.Where(column => column.Name == name).ToArray() is not [.., var column]) throw Missing(name, shape.Select(other => other.Name));
        var kind = ColumnKind.Of(column);
        return Fits(kind) ? column : throw Mismatch(name, Expected, $"{kind}");
    }

    public ArgumentOutOfRangeException Missing(string column, IEnumerable<string> found)
        => new("inputSchema", $"There is no {Name} column '{column}' in the schema; it has {string.Join(", ", found.Select(other => $"'{other}'"))}.");

    public ArgumentOutOfRangeException Mismatch(string column, string expected, string found)
        => new("inputSchema", $"The {Name} column '{column}' does not fit: expected {expected}, found {found}.");
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

/// <summary>A type that key values may have: how its vectors are read from annotations and written to them, by way of text.</summary>
internal abstract class KeyValueType
{
    private static readonly KeyValueType[] All =
    [
        new KeyValueType<ReadOnlyMemory<char>>("Text", TextDataViewType.Instance, text => text.AsMemory()),
        Parsed<bool>(BooleanDataViewType.Instance),
        Parsed<sbyte>(NumberDataViewType.SByte),
        Parsed<byte>(NumberDataViewType.Byte),
        Parsed<short>(NumberDataViewType.Int16),
        Parsed<ushort>(NumberDataViewType.UInt16),
        Parsed<int>(NumberDataViewType.Int32),
        Parsed<uint>(NumberDataViewType.UInt32),
        Parsed<long>(NumberDataViewType.Int64),
        Parsed<ulong>(NumberDataViewType.UInt64),
        Parsed<float>(NumberDataViewType.Single),
        Parsed<double>(NumberDataViewType.Double),
    ];

    private protected KeyValueType(string name, PrimitiveDataViewType itemType) => (Name, ItemType) = (name, itemType);

    public static KeyValueType Text => All[0];

    public string Name { get; }

    public PrimitiveDataViewType ItemType { get; }

    public static KeyValueType? Of(DataViewType itemType) => Array.Find(All, type => type.ItemType.Equals(itemType));

    public static KeyValueType Named(string name) => Array.Find(All, type => type.Name == name)
        ?? throw new FormatException(
            $"The key values are of the unknown type '{name}'; expected one of {string.Join(", ", All.Select(type => type.Name))}.");

    /// <summary>Values of this type that stand for nothing.</summary>
    public KeyValues Defaults(int count) => new(Name, [.. Enumerable.Repeat(DefaultText, count)]);

    private protected abstract string DefaultText { get; }

    public abstract string[] Read(DataViewSchema.Annotations annotations, string kind);

    public abstract void Add(DataViewSchema.Annotations.Builder annotations, string kind, IReadOnlyList<string> texts);

    private static KeyValueType<T> Parsed<T>(PrimitiveDataViewType itemType) where T : IParsable<T>
        => new(typeof(T).Name, itemType, text => T.Parse(text, CultureInfo.InvariantCulture));
}

/// <inheritdoc/>
internal sealed class KeyValueType<T>(string name, PrimitiveDataViewType itemType, Func<string, T> parse) : KeyValueType(name, itemType)
{
    private protected override string DefaultText => Format(default!);

    public override string[] Read(DataViewSchema.Annotations annotations, string kind)
    {
        VBuffer<T> values = default;
        annotations.GetValue(kind, ref values);
        return [.. values.DenseValues().Select(Format)];
    }

    public override void Add(DataViewSchema.Annotations.Builder annotations, string kind, IReadOnlyList<string> texts)
    {
        var values = texts.Select(parse).ToArray();
        annotations.Add(kind, new VectorDataViewType(ItemType, values.Length),
            (ref VBuffer<T> target) => new VBuffer<T>(values.Length, values).CopyTo(ref target));
    }

    private static string Format(T value) => Convert.ToString(value, CultureInfo.InvariantCulture)!;
}

/// <summary>What the values of a key column stand for (its KeyValues annotation), held as text; part of model files.</summary>
internal sealed record KeyValues(string Type, string[] Texts)
{
    public const string Kind = "KeyValues";

    /// <summary>The values of a column, or null where it has none.</summary>
    public static KeyValues? Of(DataViewSchema.Column column)
    {
        if (column.Annotations.Schema.GetColumnOrNull(Kind) is not { Type: VectorDataViewType { IsKnownSize: true } vector }) return null;
        var type = KeyValueType.Of(vector.ItemType) ?? throw new ArgumentOutOfRangeException(
            nameof(column), $"The key values of column '{column.Name}' are {vector.ItemType}; expected text, numbers or Booleans.");
        return new KeyValues(type.Name, type.Read(column.Annotations, Kind));
    }

    /// <summary>Adds the values, as what they are, to annotations.</summary>
    public void AddTo(DataViewSchema.Annotations.Builder annotations) => KeyValueType.Named(Type).Add(annotations, Kind, Texts);

    /// <summary>Adds the values, as text, to annotations as the names of a vector's slots.</summary>
    public void AddAsSlotNames(DataViewSchema.Annotations.Builder annotations) => KeyValueType.Text.Add(annotations, "SlotNames", Texts);
}
