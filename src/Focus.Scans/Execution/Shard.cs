using System.Globalization;

namespace Focus;

/// <summary>One of several parts of a scan that may run on different machines: every Count-th item, starting at item Index − 1.</summary>
public readonly record struct Shard
{
    /// <summary>The whole scan.</summary>
    public static Shard Whole => new(1, 1);

    /// <summary>Makes part <paramref name="index"/> of <paramref name="count"/>.</summary>
    /// <param name="index">1 to <paramref name="count"/>.</param>
    /// <param name="count">At least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public Shard(int index, int count)
    {
        if (count < 1)
            throw new ArgumentOutOfRangeException(nameof(count), count, $"count is {count}; valid is a whole number, at least 1.");
        if (index < 1 || index > count)
            throw new ArgumentOutOfRangeException(nameof(index), index, $"Shard {index}/{count}: index is {index}; valid is 1 to {count}.");
        (Index, Count) = (index, count);
    }

    /// <summary>The part's number, from 1.</summary>
    public int Index { get; }

    /// <summary>The number of parts.</summary>
    public int Count { get; }

    /// <summary>Reads "i/n", such as "2/8".</summary>
    /// <exception cref="FormatException">The text is not of this form.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    public static Shard Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split('/');
        return parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? new Shard(index, count)
            : throw new FormatException($"Shard '{text}' is not of the form i/n, such as 2/8: part i of n, with i from 1 to n.");
    }

    /// <summary>The items of this part, of all that there are.</summary>
    /// <param name="total">How many items there are.</param>
    /// <param name="items">What they are called, for the message.</param>
    /// <exception cref="ArgumentException">There are fewer items than parts, or this is default(Shard), which is no part.</exception>
    public IEnumerable<int> Of(int total, string items)
    {
        if (Count == 0) throw new ArgumentException($"Shard {this} is no part of anything; take {nameof(Shard)}.{nameof(Whole)}, or make one.");
        if (Count > total) throw new ArgumentException($"Shard {this}: {Count} shards do not fit {total} {items}; use at most {total}.");
        var (first, step) = (Index - 1, Count);
        return Enumerable.Range(0, total).Where(item => item % step == first);
    }

    /// <summary>The form "i/n".</summary>
    public override string ToString() => $"{Index}/{Count}";
}
