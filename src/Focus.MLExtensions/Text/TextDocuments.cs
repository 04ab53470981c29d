using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.FileSystemGlobbing;

namespace Focus;

/// <summary>A corpus as a stream of documents: read lazily, one after the other, from the start each time, always in the same order.</summary>
/// <remarks>
/// Documents that cannot be read are left out and reported. What cannot be opened at all, or a disk that fails, ends the reading with the exception
/// of the file system.
/// </remarks>
public sealed class TextDocuments : IEnumerable<TextDocument>
{
    private readonly Func<DocumentReading, IEnumerable<TextDocument>> read;

    private TextDocuments(Func<DocumentReading, IEnumerable<TextDocument>> read, long? sourceLength)
    {
        this.read = read;
        SourceLength = sourceLength;
    }

    /// <summary>The length of the files that are read, in bytes, compressed where they are; null where there are no files.</summary>
    public long? SourceLength { get; }

    /// <summary>Text files in UTF-8, with or without a byte order mark.</summary>
    /// <param name="paths">Files; folders, whose files *.txt are read, those in folders below too; and patterns with <c>*</c> for any name and
    /// <c>**</c> for any folders, such as <c>corpus/**/*.txt</c>. The files of one path are read in the order of their names.</param>
    /// <param name="perLine">Whether each line that is not blank is a document, or else each file.</param>
    /// <exception cref="FileNotFoundException">A file is missing, or no file matches a folder or pattern.</exception>
    public static TextDocuments FromFiles(IEnumerable<string> paths, bool perLine = false)
    {
        var files = CorpusFiles.Find(paths, "*.txt");
        return new TextDocuments(reading => files.SelectMany(file => TextFiles.Read(file, perLine, reading)), CorpusFiles.Length(files));
    }

    /// <inheritdoc cref="FromFiles(IEnumerable{string}, bool)"/>
    /// <param name="path">A file, folder or pattern.</param>
    /// <param name="perLine">Whether each line that is not blank is a document, or else each file.</param>
    public static TextDocuments FromFiles(string path, bool perLine = false) => FromFiles([path], perLine);

    /// <summary>A corpus as OpenWebText is distributed: archives of text files, compressed archives within archives, or JSON lines.</summary>
    /// <param name="path">
    /// A file, a folder, all of whose files are read, or a pattern: tar archives, and anything compressed as xz or gzip, are opened however deep
    /// they lie; in them a file *.txt is a document, and each line of a file *.json, *.jsonl or *.ndjson is an object whose field <c>text</c> is one.
    /// </param>
    /// <exception cref="FileNotFoundException">The file is missing, or no file matches the folder or pattern.</exception>
    public static TextDocuments FromOpenWebText(string path)
    {
        var files = CorpusFiles.Find([path], "*");
        return new TextDocuments(reading => files.SelectMany(file => ArchiveReader.Read(file, reading)), CorpusFiles.Length(files));
    }

    /// <summary>Documents from elsewhere.</summary>
    /// <param name="documents">Enumerated anew for each reading.</param>
    public static TextDocuments From(IEnumerable<TextDocument> documents)
    {
        ArgumentNullException.ThrowIfNull(documents);
        return new TextDocuments(_ => documents, sourceLength: null);
    }

    /// <summary>Reads the documents.</summary>
    /// <param name="broken">Is told of each document that is left out, as the reading comes to it.</param>
    public IEnumerable<TextDocument> Read(Action<BrokenDocument>? broken = null) => Read(new DocumentReading { Broken = broken });

    internal IEnumerable<TextDocument> Read(DocumentReading reading) => read(reading);

    /// <inheritdoc/>
    public IEnumerator<TextDocument> GetEnumerator() => Read().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>A document of a corpus.</summary>
/// <param name="Text">Its text.</param>
/// <param name="Source">Where it is from: a file's path, followed by the names within archives and a line number where there are any.</param>
public sealed record TextDocument(string Text, string Source)
{
    /// <summary>Whether the next document of the stream goes on with this one, which was too long to be handed over at once.</summary>
    internal bool Continues { get; init; }
}

/// <summary>A document, or an archive from some point on, that was left out because it could not be read.</summary>
/// <param name="Source">Where it is from: a file's path, followed by the names within archives and a line number where there are any.</param>
/// <param name="Reason">What was expected, what was found, and at which offset.</param>
public sealed record BrokenDocument(string Source, string Reason)
{
    /// <summary>Source and reason.</summary>
    public override string ToString() => $"{Source}: {Reason}";

    /// <summary>The fault of a corpus of which nothing could be read, this document being the first that was left out.</summary>
    internal InvalidDataException NothingRead() => new($"There is no text that can be read; the first that cannot is {this}.");
}

/// <summary>Finds the files of a corpus.</summary>
internal static class CorpusFiles
{
    private static readonly char[] Separators = [Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar];

    /// <summary>The files that paths name, each once, those of one path in ordinal order.</summary>
    /// <param name="paths">Files, folders and patterns.</param>
    /// <param name="namesInFolders">The pattern of file names that a folder stands for.</param>
    /// <exception cref="FileNotFoundException">A path names no file.</exception>
    public static IReadOnlyList<string> Find(IEnumerable<string> paths, string namesInFolders)
    {
        ArgumentNullException.ThrowIfNull(paths);
        string[] files = [.. paths.SelectMany(path => Find(path, namesInFolders)).DistinctBy(file => Path.GetFullPath(file))];
        return files.Length > 0 ? files
            : throw new ArgumentException("Expected at least one file, folder or pattern, found none.", nameof(paths));
    }

    /// <summary>The sum of the files' lengths in bytes.</summary>
    public static long Length(IReadOnlyList<string> files) => files.Sum(file => new FileInfo(file).Length);

    private static IEnumerable<string> Find(string path, string namesInFolders)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (File.Exists(path)) return [path];
        if (Directory.Exists(path)) return Match(path, "**/" + namesInFolders, path);
        var wildcard = path.IndexOf('*');
        if (wildcard < 0) throw new FileNotFoundException($"Expected a file, a folder or a pattern at {path}, found nothing.", path);
        var folderEnd = path.LastIndexOfAny(Separators, wildcard) + 1;
        return Match(folderEnd == 0 ? "." : path[..folderEnd], path[folderEnd..], path);
    }

    private static IReadOnlyList<string> Match(string folder, string pattern, string path)
    {
        var matcher = new Matcher(StringComparison.Ordinal).AddInclude(pattern);
        string[] files = Directory.Exists(folder) ? [.. matcher.GetResultsInFullPath(folder)] : [];
        if (files.Length == 0)
            throw new FileNotFoundException($"No file matches {path}: looked for {pattern} in {Path.GetFullPath(folder)}.", path);
        Array.Sort(files, StringComparer.Ordinal);
        return files;
    }
}

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
    public IEnumerable<TextDocument> Check(IEnumerable<TextDocument> documents, string source)
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
        foreach (var document in reading.Check(documents, path)) yield return document;
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

/// <summary>Text in UTF-8, whose every byte must be right.</summary>
internal static class Utf8Text
{
    private const int BlockLength = 1 << 20;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: true, throwOnInvalidBytes: true);

    private static ReadOnlySpan<byte> ByteOrderMark => Strict.Preamble;

    /// <summary>Decodes a text, without its byte order mark.</summary>
    /// <param name="bytes">The text.</param>
    /// <param name="offset">Where its bytes begin in the file, for the reason.</param>
    /// <param name="text">The text, where it is one.</param>
    /// <param name="reason">Why it is none.</param>
    public static bool TryDecode(
        ReadOnlySpan<byte> bytes, long offset, [NotNullWhen(true)] out string? text, [NotNullWhen(false)] out string? reason)
    {
        var start = bytes.StartsWith(ByteOrderMark) ? ByteOrderMark.Length : 0;
        try
        {
            (text, reason) = (Strict.GetString(bytes[start..]), null);
            return true;
        }
        catch (DecoderFallbackException invalid)
        {
            (text, reason) = (null, Describe(invalid, offset + start));
            return false;
        }
    }

    /// <summary>A file's text block by block, without its byte order mark.</summary>
    public static StreamReader Open(string path)
        => new(path, Strict, detectEncodingFromByteOrderMarks: false, new FileStreamOptions { BufferSize = BlockLength });

    /// <summary>Why a file is not UTF-8; null where it is.</summary>
    public static string? FindFault(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        var (bytes, characters) = (new byte[BlockLength], new char[BlockLength + 1]);
        var decoder = Strict.GetDecoder();
        for (long offset = 0; ;)
        {
            var read = stream.Read(bytes);
            try
            {
                decoder.GetChars(bytes.AsSpan(0, read), characters, flush: read == 0);
            }
            catch (DecoderFallbackException invalid)
            {
                return Describe(invalid, offset);
            }
            if (read == 0) return null;
            offset += read;
        }
    }

    private static string Describe(DecoderFallbackException invalid, long offset)
        => $"not UTF-8: found {Convert.ToHexString(invalid.BytesUnknown ?? [])} at offset {offset + invalid.Index}";
}

/// <summary>The lines of a stream as bytes; holds no more than the longest of them.</summary>
/// <param name="stream">The stream, read to its end.</param>
internal sealed class Utf8Lines(Stream stream)
{
    private byte[] buffer = new byte[1 << 16];
    private int start;
    private int end;
    private long next;
    private bool ended;

    /// <summary>The current line's number, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>Where the current line begins in the stream.</summary>
    public long Offset { get; private set; }

    /// <summary>The current line, without its end; valid until the next is read.</summary>
    public ReadOnlyMemory<byte> Line { get; private set; }

    /// <summary>Goes to the next line; false where there is none.</summary>
    /// <exception cref="InvalidDataException">The line is longer than any text can be.</exception>
    public bool Read()
    {
        var length = FindEnd();
        if (length == 0 && ended) return false;
        var hasEnd = start + length < end;
        Line = buffer.AsMemory(start, length > 0 && buffer[start + length - 1] == '\r' ? length - 1 : length);
        Number++;
        Offset = next;
        length += hasEnd ? 1 : 0;
        start += length;
        next += length;
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
            throw new InvalidDataException($"the line from offset {next} on is longer than {DocumentReading.LongestText} bytes");
        var target = left > buffer.Length / 2 ? new byte[Math.Min(2L * buffer.Length, Array.MaxLength)] : buffer;
        buffer.AsSpan(start, left).CopyTo(target);
        (buffer, start, end) = (target, 0, left);
        var read = stream.Read(buffer.AsSpan(end));
        ended = read == 0;
        end += read;
    }
}

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
