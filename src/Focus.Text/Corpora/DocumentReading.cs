namespace Focus;

/// <summary>One pass over a corpus: what it is to do, and how far it is.</summary>
internal sealed class DocumentReading
{
    /// <summary>The longest text there is, in characters or in bytes: what a string can hold.</summary>
    public const int LongestText = 0x3FFFFFDF;

    /// <summary>A part's length where memory is to stay small whatever the length of the texts.</summary>
    public const int ShortPart = 1 << 22;

    private long filesRead;

    /// <summary>Is told of each document that is left out.</summary>
    public Action<BrokenDocument>? Broken { get; init; }

    /// <summary>The characters, at most, of a part of a text file that is handed over by itself; the other documents come whole.</summary>
    public int PartLength { get; init; } = LongestText;

    /// <summary>How many bytes of the files have been read.</summary>
    public long Position { get; private set; }

    public void Report(string source, string reason) => Broken?.Invoke(new BrokenDocument(source, reason));

    /// <summary>Passes documents on up to where the content turns out to be damaged or cut short, which is reported.</summary>
    public IEnumerable<TextDocument> Guard(IEnumerable<TextDocument> documents, string source)
    {
        using var enumerator = documents.GetEnumerator();
        while (MoveNext(enumerator, source)) yield return enumerator.Current;
    }

    private bool MoveNext(IEnumerator<TextDocument> enumerator, string source)
    {
        try
        {
            return enumerator.MoveNext();
        }
        catch (Exception damage) when (damage is InvalidDataException or EndOfStreamException)
        {
            Report(source, $"damaged or cut short: {damage.Message}");
            return false;
        }
    }

    /// <summary>Notes how far the current file is read.</summary>
    public void At(long offset) => Position = filesRead + offset;

    /// <summary>Notes that a file is read.</summary>
    public void EndFile(long length)
    {
        filesRead += length;
        At(0);
    }
}
