using System.Globalization;

namespace Microsoft.ML.Data;

/// <summary>The primitive column types by the .NET type that holds them, and what their values have in common.</summary>
internal static class PrimitiveTypes
{
    private static readonly PrimitiveDataViewType[] _types =
    [
        TextDataViewType.Instance, BooleanDataViewType.Instance,
        NumberDataViewType.SByte, NumberDataViewType.Byte, NumberDataViewType.Int16, NumberDataViewType.UInt16, NumberDataViewType.Int32,
        NumberDataViewType.UInt32, NumberDataViewType.Int64, NumberDataViewType.UInt64, NumberDataViewType.Single, NumberDataViewType.Double,
    ];

    /// <summary>The column type of a .NET type, or null if a column cannot hold it.</summary>
    public static PrimitiveDataViewType Find(Type type)
    {
        var rawType = type == typeof(string) ? typeof(ReadOnlyMemory<char>) : type;
        return Array.Find(_types, candidate => candidate.RawType == rawType);
    }

    /// <summary>Whether a value stands for a missing one: NaN, empty text, key 0.</summary>
    public static Predicate<T> IsMissing<T>(PrimitiveDataViewType type) => type switch
    {
        KeyDataViewType => value => EqualityComparer<T>.Default.Equals(value, default),
        TextDataViewType => value => ((ReadOnlyMemory<char>)(object)value).IsEmpty,
        _ when typeof(T) == typeof(float) => value => float.IsNaN((float)(object)value),
        _ when typeof(T) == typeof(double) => value => double.IsNaN((double)(object)value),
        _ => _ => false,
    };

    /// <summary>What stands for a missing value: NaN where there is one, else the default.</summary>
    public static T Missing<T>() =>
        typeof(T) == typeof(float) ? (T)(object)float.NaN :
        typeof(T) == typeof(double) ? (T)(object)double.NaN : default;

    /// <summary>A value as text, as ML.NET writes it.</summary>
    public static string Text<T>(T value) => value switch
    {
        float.NaN or double.NaN => "?",
        float number => number.ToString("R", CultureInfo.InvariantCulture),
        double number => number.ToString("G17", CultureInfo.InvariantCulture),
        bool truth => truth ? "1" : "0",
        _ => value.ToString(),
    };

    /// <summary>Compares text by its characters, everything else as .NET does.</summary>
    public static IEqualityComparer<T> Equality<T>() => TextOrder.Instance as IEqualityComparer<T> ?? EqualityComparer<T>.Default;

    /// <summary>Orders text by its characters' codes, everything else as .NET does.</summary>
    public static IComparer<T> Order<T>() => TextOrder.Instance as IComparer<T> ?? Comparer<T>.Default;

    private sealed class TextOrder : IEqualityComparer<ReadOnlyMemory<char>>, IComparer<ReadOnlyMemory<char>>
    {
        public static TextOrder Instance { get; } = new();

        public bool Equals(ReadOnlyMemory<char> x, ReadOnlyMemory<char> y) => x.Span.SequenceEqual(y.Span);

        public int GetHashCode(ReadOnlyMemory<char> text) => string.GetHashCode(text.Span);

        public int Compare(ReadOnlyMemory<char> x, ReadOnlyMemory<char> y) => x.Span.SequenceCompareTo(y.Span);
    }
}
