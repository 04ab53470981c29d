using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;

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

    /// <summary>The name of the type in model files.</summary>
    public string Name { get; }

    public PrimitiveDataViewType ItemType { get; }

    public static KeyValueType? Of(DataViewType itemType) => Array.Find(All, type => type.ItemType.Equals(itemType));

    /// <exception cref="FormatException">There is no such type.</exception>
    public static KeyValueType Named(string name) => Array.Find(All, type => type.Name == name)
        ?? throw new FormatException(
            $"The key values are of the unknown type '{name}'; expected one of {string.Join(", ", All.Select(type => type.Name))}.");

    /// <summary>Values of this type that stand for nothing.</summary>
    public KeyValues Defaults(int count) => new(Name, [.. Enumerable.Repeat(DefaultText, count)]);

    private protected abstract string DefaultText { get; }

    /// <summary>Reads an annotation of a vector of this type.</summary>
    public abstract string[] Read(DataViewSchema.Annotations annotations, string kind);

    /// <summary>Adds an annotation of a vector of this type.</summary>
    /// <exception cref="FormatException">A text is not of this type.</exception>
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
/// <param name="Type">The <see cref="KeyValueType.Name"/> of their type.</param>
/// <param name="Texts">The values in the order of the keys, in the invariant culture.</param>
internal sealed record KeyValues(string Type, string[] Texts)
{
    public const string Kind = "KeyValues";

    /// <summary>The values of a column, or null where it has none.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The values are of a type that cannot be kept.</exception>
    public static KeyValues? Of(DataViewSchema.Column column)
    {
        if (column.Annotations.Schema.GetColumnOrNull(Kind) is not { Type: VectorDataViewType { IsKnownSize: true } vector }) return null;
        var type = KeyValueType.Of(vector.ItemType) ?? throw new ArgumentOutOfRangeException(
            nameof(column), $"The key values of column '{column.Name}' are {vector.ItemType}; expected text, numbers or Booleans.");
        return new KeyValues(type.Name, type.Read(column.Annotations, Kind));
    }

    /// <summary>Adds the values, as what they are, to annotations.</summary>
    /// <exception cref="FormatException">A text is not of the type.</exception>
    public void AddTo(DataViewSchema.Annotations.Builder annotations) => KeyValueType.Named(Type).Add(annotations, Kind, Texts);

    /// <summary>Adds the values, as text, to annotations as the names of a vector's slots.</summary>
    public void AddAsSlotNames(DataViewSchema.Annotations.Builder annotations) => KeyValueType.Text.Add(annotations, "SlotNames", Texts);
}
