using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>A type that key values may have: how its vectors are read from annotations and written to them, by way of text. All types are here that
/// ML.NET has for single values.</summary>
internal sealed record KeyValueType(
    string Name, PrimitiveDataViewType ItemType, string DefaultText,
    Func<DataViewSchema.Annotations, string, string[]> Read,
    Action<DataViewSchema.Annotations.Builder, string, IReadOnlyList<string>> Add)
{
    /// <summary>With it dates and times keep their ticks, kind and offset.</summary>
    private const string RoundTrip = "O";

    private const string KeyName = "Key";

    private static readonly KeyValueType[] All =
    [
        Of("Text", TextDataViewType.Instance, text => text.AsMemory(), value => $"{value}"),
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
        Parsed<TimeSpan>(TimeSpanDataViewType.Instance),
        Parsed<DateTimeOffset>(DateTimeOffsetDataViewType.Instance, RoundTrip),
        Of(nameof(DateTime), DateTimeDataViewType.Instance,
            text => DateTime.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind), value => value.ToString(RoundTrip, CultureInfo.InvariantCulture)),
        Of(nameof(DataViewRowId), RowIdDataViewType.Instance,
            text => RowId(UInt128.Parse(text, CultureInfo.InvariantCulture)), value => $"{new UInt128(value.High, value.Low)}"),
    ];

    public static KeyValueType Text => All[0];

    /// <summary>The type of a column's key values.</summary>
    public static KeyValueType Of(DataViewType itemType) => itemType is KeyDataViewType key
        ? OfKeys(key.RawType.Name, key.Count)
        : All.Single(type => type.ItemType.Equals(itemType));

    /// <summary>The type of key values in the shape of a schema, which does not say how many keys there are.</summary>
    public static KeyValueType Of(SchemaShape.Column values) => values.IsKey ? OfKeys(values.ItemType.RawType.Name, count: 1) : Of(values.ItemType);

    /// <summary>The type of a name that a model file has.</summary>
    /// <exception cref="FormatException">It is not one that files have.</exception>
    public static KeyValueType Named(string name) => Array.Find(All, type => type.Name == name)
        ?? (name.Split(' ') is [KeyName, var number, var count] ? OfKeys(number, ulong.Parse(count, CultureInfo.InvariantCulture)) : throw Unknown(name));

    /// <summary>Values of this type that stand for nothing.</summary>
    public KeyValues Defaults(int count) => new(Name, [.. Enumerable.Repeat(DefaultText, count)]);

    /// <summary>Keys that stand for keys.</summary>
    private static KeyValueType OfKeys(string number, ulong count)
    {
        return number switch
        {
            nameof(Byte) => Keys<byte>(),
            nameof(UInt16) => Keys<ushort>(),
            nameof(UInt32) => Keys<uint>(),
            nameof(UInt64) => Keys<ulong>(),
            _ => throw Unknown($"{KeyName} {number}"),
        };

        KeyValueType Keys<T>() where T : IParsable<T>, IFormattable
            => Parsed<T>(new KeyDataViewType(typeof(T), count)) with { Name = $"{KeyName} {number} {count}" };
    }

    private static KeyValueType Parsed<T>(PrimitiveDataViewType itemType, string? format = null) where T : IParsable<T> => Of(
        typeof(T).Name, itemType, text => T.Parse(text, CultureInfo.InvariantCulture),
        value => value is IFormattable formattable ? formattable.ToString(format, CultureInfo.InvariantCulture) : $"{value}");

    private static KeyValueType Of<T>(string name, PrimitiveDataViewType itemType, Func<string, T> parse, Func<T, string> format)
    {
        return new(name, itemType, format(default!), Read, Add);

        string[] Read(DataViewSchema.Annotations annotations, string kind)
        {
            VBuffer<T> values = default;
            annotations.GetValue(kind, ref values);
            return [.. values.DenseValues().Select(format)];
        }

        void Add(DataViewSchema.Annotations.Builder annotations, string kind, IReadOnlyList<string> texts)
        {
            var values = texts.Select(parse).ToArray();
            annotations.Add(kind, new VectorDataViewType(itemType, values.Length),
                (ref VBuffer<T> target) => new VBuffer<T>(values.Length, values).CopyTo(ref target));
        }
    }

    private static DataViewRowId RowId(UInt128 id) => new((ulong)id, (ulong)(id >> 64));

    private static FormatException Unknown(string name) => new(
        $"The key values are of the unknown type '{name}'; expected one of {string.Join(", ", All.Select(type => type.Name))}, " +
        $"or '{KeyName}', a type of numbers without sign, and a count.");
}

/// <summary>What the values of a key column stand for (its KeyValues annotation), held as text; part of model files.</summary>
internal sealed record KeyValues(string Type, string[] Texts)
{
    public const string Kind = "KeyValues";

    /// <summary>The values of a column, or null where it has none.</summary>
    public static KeyValues? Of(DataViewSchema.Column column)
    {
        if (column.Annotations.Schema.GetColumnOrNull(Kind) is not { Type: VectorDataViewType { IsKnownSize: true } vector }) return null;
        var type = KeyValueType.Of(vector.ItemType);
        return new KeyValues(type.Name, type.Read(column.Annotations, Kind));
    }

    /// <summary>Adds the values, as what they are, to annotations.</summary>
    public void AddTo(DataViewSchema.Annotations.Builder annotations) => KeyValueType.Named(Type).Add(annotations, Kind, Texts);

    /// <summary>Adds the values, as text, to annotations as the names of a vector's slots.</summary>
    public void AddAsSlotNames(DataViewSchema.Annotations.Builder annotations) => KeyValueType.Text.Add(annotations, "SlotNames", Texts);
}
