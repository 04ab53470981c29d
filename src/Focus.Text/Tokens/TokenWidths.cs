namespace Focus;

/// <summary>What the library does with a <see cref="TokenWidth"/>.</summary>
public static class TokenWidths
{
    /// <summary>The narrowest width that holds every id of a vocabulary.</summary>
    /// <param name="vocabularySize">The number of tokens, at least 1; ids run from 0 to it, exclusive.</param>
    public static TokenWidth For(int vocabularySize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 1);
        return vocabularySize <= ushort.MaxValue + 1 ? TokenWidth.UInt16 : TokenWidth.UInt32;
    }

    /// <summary>The highest id that fits.</summary>
    internal static int HighestId(this TokenWidth width) => width == TokenWidth.UInt16 ? ushort.MaxValue : int.MaxValue;

    internal static TokenWidth Require(TokenWidth width)
        => Enum.IsDefined(width) ? width : throw new ArgumentOutOfRangeException(nameof(width), width, "Expected UInt16 or UInt32.");
}
