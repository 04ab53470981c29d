using System.Text;
using System.Text.Json;

namespace Focus;

/// <summary>Reads documents from JSON: the field <c>text</c> of objects, one on each line or all in one array.</summary>
internal static class JsonDocuments
{
    private const byte Quote = (byte)'"', Escape = (byte)'\\';

    private static ReadOnlySpan<byte> Blanks => " \t\r\n"u8;

    /// <summary>Whether content that begins so is an array.</summary>
    public static bool IsArray(ReadOnlySpan<byte> start) => WithoutMark(start).TrimStart(Blanks) is [(byte)'[', ..];

    public static IEnumerable<TextDocument> ReadLines(Stream stream, string source, DocumentReading reading)
    {
        var lines = new Utf8Lines(stream);
        while (lines.Read())
        {
            var json = WithoutMark(lines.Line.Span);
            if (json.ContainsAnyExcept(Blanks) && Read(json, $"{source}:{lines.Number}", $"the line begins at offset {lines.Offset}", reading) is { } document)
                yield return document;
        }
    }

    public static IEnumerable<TextDocument> ReadArray(Stream stream, string source, DocumentReading reading)
    {
        var elements = new JsonElements(stream);
        for (var number = 0; elements.Read(); number++)
            if (Read(elements.Element.Span, $"{source}[{number}]", "elements are numbered from 0", reading) is { } document) yield return document;
    }

    private static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> json)
        => json.StartsWith(Encoding.UTF8.Preamble) ? json[Encoding.UTF8.Preamble.Length..] : json;

    private static TextDocument? Read(ReadOnlySpan<byte> json, string name, string place, DocumentReading reading)
    {
        try
        {
            return new TextDocument(FindText(json), name);
        }
        // InvalidOperationException: the text has half a surrogate pair.
        catch (Exception fault) when (fault is FormatException or JsonException or InvalidOperationException or DecoderFallbackException)
        {
            reading.Skip(name, $"expected an object with a string field 'text', but {fault.Message}; {place}");
            return null;
        }
    }

    /// <summary>The last field <c>text</c> of an object. Of the other fields only the ends are looked for: what one writer puts there and another
    /// refuses, such as NaN, does not matter.</summary>
    private static string FindText(ReadOnlySpan<byte> json)
    {
        string? text = null;
        var rest = json.Trim(Blanks);
        Take(ref rest, (byte)'{');
        for (var first = true; rest is not [(byte)'}']; first = false)
        {
            if (!first) Take(ref rest, (byte)',');
            var name = TakeString(ref rest);
            Take(ref rest, (byte)':');
            if (!name.SequenceEqual("\"text\""u8) && (!name.Contains(Escape) || Decode(name) != "text")) TakeValue(ref rest);
            else text = rest is [Quote, ..] ? Decode(TakeString(ref rest)) : throw new FormatException("the field is no string");
        }
        return text ?? throw new FormatException("there is no such field");
    }

    private static void Take(ref ReadOnlySpan<byte> rest, byte expected)
    {
        rest = rest.TrimStart(Blanks);
        if (rest.IsEmpty || rest[0] != expected)
            throw new FormatException($"where {(char)expected} is expected is {(rest.IsEmpty ? "the end" : $"{(char)rest[0]}")}");
        rest = rest[1..].TrimStart(Blanks);
    }

    /// <summary>Takes a string with its quotes.</summary>
    private static ReadOnlySpan<byte> TakeString(ref ReadOnlySpan<byte> rest)
    {
        if (rest is not [Quote, ..]) throw new FormatException("the name of a field is missing");
        for (var end = 1; ; end++)
        {
            end += rest[end..].IndexOfAny(Quote, Escape) is var found and >= 0 ? found : throw new FormatException("a string has no end");
            if (rest[end] == Escape && ++end < rest.Length) continue;
            if (end >= rest.Length) throw new FormatException("a string has no end");
            var taken = rest[..(end + 1)];
            rest = rest[(end + 1)..].TrimStart(Blanks);
            return taken;
        }
    }

    private static void TakeValue(ref ReadOnlySpan<byte> rest)
    {
        var depth = 0;
        while (!rest.IsEmpty && (depth > 0 || rest[0] is not ((byte)',' or (byte)'}')))
        {
            if (rest[0] == Quote)
            {
                TakeString(ref rest);
                continue;
            }
            depth += rest[0] is (byte)'{' or (byte)'[' ? 1 : rest[0] is (byte)'}' or (byte)']' ? -1 : 0;
            rest = rest[1..];
        }
    }

    private static string Decode(ReadOnlySpan<byte> quoted)
    {
        if (!quoted.Contains(Escape)) return Utf8Text.Strict.GetString(quoted[1..^1]);
        var reader = new Utf8JsonReader(quoted);
        reader.Read();
        return reader.GetString()!;
    }
}

/// <summary>Splits a JSON array into its elements, whatever they are; memory holds the longest one.</summary>
internal sealed class JsonElements(Stream stream)
{
    /// <summary>Blanks and the byte order mark.</summary>
    private static ReadOnlySpan<byte> OutsideArray => [(byte)' ', (byte)'\t', (byte)'\r', (byte)'\n', 0xEF, 0xBB, 0xBF];

    private readonly byte[] block = new byte[1 << 16];
    private readonly MemoryStream element = new();
    private int position, length, depth;
    private bool inString, escaped;

    /// <summary>The current element; valid until the next is read.</summary>
    public ReadOnlyMemory<byte> Element => element.GetBuffer().AsMemory(0, (int)element.Length);

    /// <summary>Reads the next element; false at the end of the array.</summary>
    /// <exception cref="InvalidDataException">The array has no end, something is behind it, or an element is too long.</exception>
    public bool Read()
    {
        element.SetLength(0);
        while (Fill())
        {
            var start = position;
            while (position < length)
            {
                var letter = block[position++];
                if (IsWithinElement(letter)) continue;
                Append(start, position - 1);
                start = position;
                if (element.Length > 0 && letter is (byte)',' or (byte)']') return true;
            }
            Append(start, position);
        }
        return depth == 0 ? false : throw new InvalidDataException("the array has no end");
    }

    /// <summary>Follows strings and brackets; false for what is between elements.</summary>
    private bool IsWithinElement(byte letter)
    {
        if (inString)
        {
            inString = escaped || letter != (byte)'"';
            escaped = !escaped && letter == (byte)'\\';
            return true;
        }
        if (depth == 0 && letter != (byte)'[' && !OutsideArray.Contains(letter)) throw new InvalidDataException("something else is behind the array");
        inString = letter == (byte)'"';
        if (letter is (byte)'[' or (byte)'{') return ++depth > 1;
        if (letter is (byte)']' or (byte)'}') return --depth > 0;
        return depth > 1 || (depth == 1 && !" \t\r\n,"u8.Contains(letter));
    }

    private void Append(int start, int end)
    {
        if (element.Length + end - start > DocumentReading.LongestText)
            throw new InvalidDataException($"an element is longer than {DocumentReading.LongestText} bytes");
        element.Write(block, start, end - start);
    }

    private bool Fill()
    {
        if (position == length) (position, length) = (0, stream.Read(block));
        return length > 0;
    }
}
