namespace Microsoft.ML.Tokenizers;

/// <summary>
/// Splits text into words as GPT-2 does, by the pattern <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>.
/// </summary>
/// <remarks>As with .NET's regular expressions a UTF-16 unit is a character: surrogates are neither letters nor numbers.</remarks>
internal static class WordScanner
{
    private enum Kind : byte { Other, Letter, Number, Space }

    private static readonly Kind[] _kinds = [.. Enumerable.Range(0, char.MaxValue + 1).Select(c => KindOf((char)c))];

    /// <summary>Where the word that begins at <paramref name="start"/> ends.</summary>
    public static int End(ReadOnlySpan<char> text, int start)
    {
        var kinds = _kinds;
        var first = text[start];
        if (first == '\'' && ContractionLength(text[(start + 1)..]) is var length and > 0) return start + 1 + length;

        var kind = kinds[first];
        var next = start + 1;
        if (first == ' ' && next < text.Length && kinds[text[next]] is var following and not Kind.Space)
        {
            kind = following;
            next++;
        }
        while (next < text.Length && kinds[text[next]] == kind) next++;

        // A run of white space leaves its last character to the word that follows.
        return kind == Kind.Space && next < text.Length && next - start > 1 ? next - 1 : next;
    }

    private static int ContractionLength(ReadOnlySpan<char> text) => text switch
    {
        ['s' or 't' or 'm' or 'd', ..] => 1,
        ['r' or 'v', 'e', ..] or ['l', 'l', ..] => 2,
        _ => 0,
    };

    private static Kind KindOf(char c) =>
        char.IsLetter(c) ? Kind.Letter : char.IsNumber(c) ? Kind.Number : char.IsWhiteSpace(c) ? Kind.Space : Kind.Other;
}
