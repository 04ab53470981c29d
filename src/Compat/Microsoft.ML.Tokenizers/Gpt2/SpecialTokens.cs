using System.Buffers;
using System.Text;

namespace Microsoft.ML.Tokenizers;

/// <summary>Strings that are a token wherever they stand in a text.</summary>
internal sealed class SpecialTokens
{
    private readonly KeyValuePair<string, int>[] _tokens;
    private readonly SearchValues<string> _names;
    private readonly Dictionary<int, byte[]> _bytes;

    /// <exception cref="ArgumentException">A string is empty, or there twice.</exception>
    public SpecialTokens(IEnumerable<KeyValuePair<string, int>> tokens)
    {
        _tokens = [.. tokens];
        foreach (var (name, _) in _tokens) ArgumentException.ThrowIfNullOrEmpty(name, nameof(tokens));
        if (_tokens.DistinctBy(token => token.Key).Count() < _tokens.Length)
            throw new ArgumentException($"A special token is there twice: {string.Join(", ", _tokens.Select(t => t.Key))}.", nameof(tokens));

        _names = SearchValues.Create([.. _tokens.Select(token => token.Key)], StringComparison.Ordinal);
        _bytes = _tokens.GroupBy(token => token.Value).ToDictionary(same => same.Key, same => Encoding.UTF8.GetBytes(same.Last().Key));
    }

    /// <summary>The first special token at or after <paramref name="start"/>, or one without length or id at the end of the text.</summary>
    public (int Start, int Length, int Id) FindNext(ReadOnlySpan<char> text, int start)
    {
        var distance = text[start..].IndexOfAny(_names);
        if (distance < 0) return (text.Length, 0, -1);

        foreach (var (name, id) in _tokens)
            if (text[(start + distance)..].StartsWith(name)) return (start + distance, name.Length, id);
        throw new InvalidOperationException("A special token was found that is not one.");
    }

    /// <summary>The id of a text that is a special token, or -1.</summary>
    public int Find(ReadOnlySpan<char> text)
    {
        foreach (var (name, id) in _tokens)
            if (text.SequenceEqual(name)) return id;
        return -1;
    }

    public bool TryGetBytes(int id, out ReadOnlySpan<byte> bytes)
    {
        var known = _bytes.TryGetValue(id, out var found);
        bytes = found;
        return known;
    }
}
