using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;

namespace Focus;

/// <summary>Documents from JSON lines: objects, one per line, whose field <c>text</c> is a document.</summary>
internal static class JsonLines
{
    public static IEnumerable<TextDocument> Read(Stream stream, string source, DocumentReading reading)
    {
        var lines = new Utf8Lines(stream);
        while (lines.Read())
        {
            var json = lines.Number == 1 ? SkipByteOrderMark(lines.Line) : lines.Line;
            if (json.Span.IndexOfAnyExcept(" \t"u8) < 0) continue;
            var name = $"{source}:{lines.Number}";
            if (TryReadText(json, out var text, out var reason)) yield return new TextDocument(text, name);
            else reading.Report(name, $"{reason}; the line begins at offset {lines.Offset}");
        }
    }

    private static ReadOnlyMemory<byte> SkipByteOrderMark(ReadOnlyMemory<byte> line)
        => line.Span.StartsWith(Encoding.UTF8.Preamble) ? line[Encoding.UTF8.Preamble.Length..] : line;

    private static bool TryReadText(ReadOnlyMemory<byte> json, [NotNullWhen(true)] out string? text, out string? reason)
    {
        (text, reason) = (null, null);
        try
        {
            using var line = JsonDocument.Parse(json);
            if (line.RootElement.ValueKind == JsonValueKind.Object
                && line.RootElement.TryGetProperty("text", out var field) && field.ValueKind == JsonValueKind.String)
                text = field.GetString();
            else reason = "expected an object with a string field 'text'";
        }
        catch (JsonException invalid)
        {
            reason = $"not JSON: {invalid.Message}";
        }
        catch (InvalidOperationException invalid) // The text has bytes that are not UTF-8, or half a surrogate pair.
        {
            reason = $"not text: {invalid.Message}";
        }
        return text is not null;
    }
}
