namespace Focus;

/// <summary>Documents from a text file.</summary>
internal static class TextFiles
{
    public static IEnumerable<TextDocument> Read(string path, bool perLine, DocumentReading reading)
    {
        var length = new FileInfo(path).Length;
        var documents = perLine ? ReadLines(path, reading)
            : length <= reading.PartLength ? ReadWhole(path, reading)
            : reading.PartLength < DocumentReading.LongestText ? ReadParts(path, reading)
            : TooLong(path, length, reading);
        foreach (var document in reading.Guard(documents, path)) yield return document;
        reading.EndFile(length);
    }

    private static IEnumerable<TextDocument> ReadWhole(string path, DocumentReading reading)
    {
        if (Utf8Text.TryDecode(File.ReadAllBytes(path), offset: 0, out var text, out var reason)) return [new TextDocument(text, path)];
        reading.Report(path, reason);
        return [];
    }

    private static IEnumerable<TextDocument> TooLong(string path, long length, DocumentReading reading)
    {
        reading.Report(path,
            $"a document of {length} bytes; expected at most {reading.PartLength}: split the file, or read it line by line");
        return [];
    }

    private static IEnumerable<TextDocument> ReadLines(string path, DocumentReading reading)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        foreach (var document in ReadLines(stream, path, reading))
        {
            yield return document;
            reading.At(stream.Position);
        }
    }

    /// <summary>The lines that are not blank.</summary>
    private static IEnumerable<TextDocument> ReadLines(Stream stream, string source, DocumentReading reading)
    {
        var lines = new Utf8Lines(stream);
        while (lines.Read())
        {
            var name = $"{source}:{lines.Number}";
            if (!Utf8Text.TryDecode(lines.Line.Span, lines.Offset, out var text, out var reason)) reading.Report(name, reason);
            else if (!string.IsNullOrWhiteSpace(text)) yield return new TextDocument(text, name);
        }
    }

    /// <summary>A long file, part by part, once all of it is known to be text: what was handed over cannot be taken back.</summary>
    private static IEnumerable<TextDocument> ReadParts(string path, DocumentReading reading)
    {
        if (Utf8Text.FindFault(path) is { } reason)
        {
            reading.Report(path, reason);
            yield break;
        }
        using var text = Utf8Text.Open(path);
        var buffer = new char[reading.PartLength];
        var (kept, continues) = (0, true);
        do
        {
            var length = kept + text.ReadBlock(buffer.AsSpan(kept));
            var taken = length < buffer.Length ? length : FindCut(buffer);
            kept = length - taken;
            continues = kept > 0 || text.Peek() >= 0;
            yield return new TextDocument(new string(buffer, 0, taken), path) { Continues = continues };
            buffer.AsSpan(taken, kept).CopyTo(buffer);
            reading.At(text.BaseStream.Position);
        }
        while (continues);
    }

    /// <summary>Where a text may be cut without changing its tokens: before a single space between letters, which begins a token of byte-pair
    /// encodings; else, in text without such spaces, between any two characters.</summary>
    private static int FindCut(ReadOnlySpan<char> text)
    {
        for (var i = text.Length - 2; i > text.Length / 2; i--)
            if (text[i] == ' ' && char.IsLetter(text[i - 1]) && char.IsLetter(text[i + 1])) return i;
        return char.IsHighSurrogate(text[^1]) ? text.Length - 1 : text.Length;
    }
}
