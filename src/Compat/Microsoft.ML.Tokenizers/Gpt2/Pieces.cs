namespace Microsoft.ML.Tokenizers;

/// <summary>Goes through a text's words and special tokens, in order.</summary>
internal ref struct Pieces
{
    private readonly ReadOnlySpan<char> _text;
    private readonly SpecialTokens _specialTokens;
    private readonly bool _split;
    private (int Start, int Length, int Id) _special;

    /// <param name="text">The text.</param>
    /// <param name="specialTokens">What to find between words.</param>
    /// <param name="split">Whether to split at all; a text that is not split is a special token or one word.</param>
    public Pieces(ReadOnlySpan<char> text, SpecialTokens specialTokens, bool split)
    {
        _text = text;
        _specialTokens = specialTokens;
        _split = split;
        _special = split ? specialTokens.FindNext(text, 0) : (text.Length, 0, -1);
    }

    public int Start { get; private set; }

    public int End { get; private set; }

    /// <summary>The special token's id, or -1 for a word.</summary>
    public int SpecialId { get; private set; }

    public readonly ReadOnlySpan<char> Text => _text[Start..End];

    public bool MoveNext()
    {
        Start = End;
        if (Start == _text.Length) return false;

        if (Start == _special.Start)
        {
            (End, SpecialId) = (Start + _special.Length, _special.Id);
            _special = _specialTokens.FindNext(_text, End);
        }
        else
        {
            End = _split ? WordScanner.End(_text[.._special.Start], Start) : _text.Length;
            SpecialId = _split ? -1 : _specialTokens.Find(_text);
        }
        return true;
    }
}
