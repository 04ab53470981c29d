using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>A type that key values may have: how its vectors are read from annotations and written to them, by way of text.</summary>
internal sealed record KeyValueType(
    string Name, PrimitiveDataViewType ItemType, string DefaultText,
    Func<DataViewSchema.Annotations, string, string[]> Read,
    Action<DataViewSchema.Annotations.Builder, string, IReadOnlyList<string>> Add)
{
    private static readonly KeyValueType[] All =
    [
        Of("Text", TextDataViewType.Instance, text => text.AsMemory()),
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

    public static KeyValueType Text => All[0];

    /// <summary>The type of a column's key values.</summary>
    /// <exception cref="ArgumentOutOfRangeException">They are neither text nor numbers nor Booleans.</exception>
    public static KeyValueType Require(DataViewType itemType, string column) => Array.Find(All, type => type.ItemType.Equals(itemType))
        ?? throw ColumnRole.Label.Mismatch(column, "key values that are text, numbers or Booleans", $"{itemType}");

    public static KeyValueType Named(string name) => Array.Find(All, type => type.Name == name)
        ?? throw new FormatException(
            $"The key values are of the unknown type '{name}'; expected one of {string.Join(", ", All.Select(type => type.Name))}.");

    /// <summary>Values of this type that stand for nothing.</summary>
    public KeyValues Defaults(int count) => new(Name, [.. Enumerable.Repeat(DefaultText, count)]);

    private static KeyValueType Parsed<T>(PrimitiveDataViewType itemType) where T : IParsable<T>
        => Of(typeof(T).Name, itemType, text => T.Parse(text, CultureInfo.InvariantCulture));

    private static KeyValueType Of<T>(string name, PrimitiveDataViewType itemType, Func<string, T> parse)
    {
        return new(name, itemType, Format(default!), Read, Add);

        string[] Read(DataViewSchema.Annotations annotations, string kind)
        {
            VBuffer<T> values = default;
            annotations.GetValue(kind, ref values);
            return [.. values.DenseValues().Select(Format)];
        }

        void Add(DataViewSchema.Annotations.Builder annotations, string kind, IReadOnlyList<string> texts)
        {
            var values = texts.Select(parse).ToArray();
            annotations.Add(kind, new VectorDataViewType(itemType, values.Length),
                (ref VBuffer<T> target) => new VBuffer<T>(values.Length, values).CopyTo(ref target));
        }

        static string Format(T value) => Convert.ToString(value, CultureInfo.InvariantCulture)!;
    }
}

/// <summary>What the values of a key column stand for (its KeyValues annotation), held as text; part of model files.</summary>
internal sealed record KeyValues(string Type, string[] Texts)
{
    public const string Kind = "KeyValues";

    /// <summary>The values of a column, or null where it has none.</summary>
    public static KeyValues? Of(DataViewSchema.Column column)
    {
        if (column.Annotations.Schema.GetColumnOrNull(Kind) is not { Type: VectorDataViewType { IsKnownSize: true } vector }) return null;
        var type = KeyValueType.Require(vector.ItemType, column.Name);
        return new KeyValues(type.Name, type.Read(column.Annotations, Kind));
    }

    /// <summary>Adds the values, as what they are, to annotations.</summary>
    public void AddTo(DataViewSchema.Annotations.Builder annotations) => KeyValueType.Named(Type).Add(annotations, Kind, Texts);

    /// <summary>Adds the values, as text, to annotations as the names of a vector's slots.</summary>
    public void AddAsSlotNames(DataViewSchema.Annotations.Builder annotations) => KeyValueType.Text.Add(annotations, "SlotNames", Texts);
}
