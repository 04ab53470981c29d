using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

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
