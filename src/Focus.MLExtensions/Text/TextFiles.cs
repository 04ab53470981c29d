using System.Text;

namespace Focus;

/// <summary>Reads documents from a text file.</summary>
internal static class TextFiles
{
    public static IEnumerable<TextDocument> Read(string path, bool perLine, DocumentReading reading)
    {
        var length = new FileInfo(path).Length;
        var documents = perLine ? ReadLines(path, reading)
            : length > reading.PartLength && reading.PartLength < DocumentReading.LongestText ? ReadParts(path, reading)
            : ReadWhole(path, length, reading);
        foreach (var document in reading.Check(documents, path)) yield return document;
        reading.EndFile(length);
    }

    private static IEnumerable<TextDocument> ReadWhole(string path, long length, DocumentReading reading)
    {
        if (length <= DocumentReading.LongestText) return Utf8Text.Decode(File.ReadAllBytes(path), path, reading) is { } document ? [document] : [];
        reading.Skip(path, $"{length} bytes long; expected at most {DocumentReading.LongestText}: split the file, or read it line by line");
        return [];
    }

    /// <summary>The lines that are not blank.</summary>
    private static IEnumerable<TextDocument> ReadLines(string path, DocumentReading reading)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        var lines = new Utf8Lines(stream);
        while (lines.Read())
        {
            var document = Utf8Text.Decode(lines.Line.Span, $"{path}:{lines.Number}", reading, lines.Offset);
            if (document is null || string.IsNullOrWhiteSpace(document.Text)) continue;
            yield return document;
            reading.At(stream.Position);
        }
    }

    /// <summary>Reads a long file in parts, once all of it is known to be text: parts cannot be taken back.</summary>
    private static IEnumerable<TextDocument> ReadParts(string path, DocumentReading reading)
    {
        if (Utf8Text.FindFault(path) is { } reason)
        {
            reading.Skip(path, reason);
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
            yield return new TextDocument(Utf8Text.WithNewlines(new string(buffer, 0, taken)), path) { Continues = continues };
            buffer.AsSpan(taken, kept).CopyTo(buffer);
            reading.At(text.BaseStream.Position);
        }
        while (continues);
    }

    /// <summary>Where a text can be cut without changing its tokens: before a single space between letters, where byte-pair encodings start a
    /// token; in text without such spaces, between any two characters but those of a line break.</summary>
    private static int FindCut(ReadOnlySpan<char> text)
    {
        for (var i = text.Length - 2; i > text.Length / 2; i--)
            if (text[i] == ' ' && char.IsLetter(text[i - 1]) && char.IsLetter(text[i + 1])) return i;
        return char.IsHighSurrogate(text[^1]) || text[^1] == '\r' ? text.Length - 1 : text.Length;
    }
}

/// <summary>Decodes UTF-8 without its byte order mark, and line breaks of any system as <c>\n</c>, as Python reads text files; any invalid byte
/// makes a document broken.</summary>
internal static class Utf8Text
{
    private const int BlockLength = 1 << 20;

    public static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: true, throwOnInvalidBytes: true);

    /// <summary>Decodes a document whose bytes start at an offset in the file; reports it and returns null if they are not UTF-8.</summary>
    public static TextDocument? Decode(ReadOnlySpan<byte> bytes, string source, DocumentReading reading, long offset = 0)
    {
        var start = bytes.StartsWith(Strict.Preamble) ? Strict.Preamble.Length : 0;
        try
        {
            return new TextDocument(WithNewlines(Strict.GetString(bytes[start..])), source);
        }
        catch (DecoderFallbackException invalid)
        {
            reading.Skip(source, Describe(invalid, offset + start));
            return null;
        }
    }

    public static string WithNewlines(string text)
        => text.Contains('\r') ? text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n') : text;

    public static StreamReader Open(string path)
        => new(path, Strict, detectEncodingFromByteOrderMarks: false, new FileStreamOptions { BufferSize = BlockLength });

    /// <summary>Why a file is not UTF-8; null where it is.</summary>
    public static string? FindFault(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        var (bytes, characters) = (new byte[BlockLength], new char[BlockLength + 1]);
        var decoder = Strict.GetDecoder();
        long offset = 0;
        try
        {
            for (var read = -1; read != 0; offset += read)
            {
                read = stream.Read(bytes);
                decoder.GetChars(bytes.AsSpan(0, read), characters, flush: read == 0);
            }
            return null;
        }
        catch (DecoderFallbackException invalid)
        {
            return Describe(invalid, offset);
        }
    }

    public static string Describe(DecoderFallbackException invalid, long offset)
        => $"not UTF-8: found {Convert.ToHexString(invalid.BytesUnknown ?? [])} at offset {offset + invalid.Index}";
}

/// <summary>Splits a stream into lines of bytes; memory holds the longest line.</summary>
internal sealed class Utf8Lines(Stream stream)
{
    private byte[] buffer = new byte[1 << 16];
    private int start, end;
    private long nextOffset;
    private bool ended;

    /// <summary>The current line's number, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>The current line's offset in the stream.</summary>
    public long Offset { get; private set; }

    /// <summary>The current line without its line break; valid until the next is read.</summary>
    public ReadOnlyMemory<byte> Line { get; private set; }

    /// <summary>Reads the next line; false where there is none.</summary>
    public bool Read()
    {
        var length = FindEnd();
        if (length == 0 && ended) return false;
        var hasBreak = start + length < end;
        Line = buffer.AsMemory(start, length > 0 && buffer[start + length - 1] == '\r' ? length - 1 : length);
        Number++;
        Offset = nextOffset;
        length += hasBreak ? 1 : 0;
        start += length;
        nextOffset += length;
        return true;
    }

    /// <summary>The length of the next line, all of which is then in the buffer.</summary>
    private int FindEnd()
    {
        for (var searched = 0; ;)
        {
            var found = buffer.AsSpan(start + searched, end - start - searched).IndexOf((byte)'\n');
            if (found >= 0) return searched + found;
            searched = end - start;
            if (ended) return searched;
            Fill();
        }
    }

    private void Fill()
    {
        var left = end - start;
        if (left >= DocumentReading.LongestText)
            throw new InvalidDataException($"the line at offset {nextOffset} is longer than {DocumentReading.LongestText} bytes");
        var target = left > buffer.Length / 2 ? new byte[Math.Min(2L * buffer.Length, Array.MaxLength)] : buffer;
        buffer.AsSpan(start, left).CopyTo(target);
        (buffer, start, end) = (target, 0, left);
        var read = stream.Read(buffer.AsSpan(end));
        ended = read == 0;
        end += read;
    }
}
