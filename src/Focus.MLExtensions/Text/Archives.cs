using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace Focus;

/// <summary>Documents from archives, compressed files and archives within them, read as streams: nothing is unpacked.</summary>
internal static class ArchiveReader
{
    public static IEnumerable<TextDocument> Read(string path, DocumentReading reading)
        => path.EndsWith(".txt", StringComparison.OrdinalIgnoreCase)
            ? TextFiles.Read(path, perLine: false, reading)
            : ReadArchive(path, reading);

    private static IEnumerable<TextDocument> ReadArchive(string path, DocumentReading reading)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
        foreach (var document in reading.Check(ReadContent(file, path, path, reading), path))
        {
            yield return document;
            reading.At(file.Position);
        }
        reading.EndFile(file.Length);
    }

    /// <param name="stream">What to read.</param>
    /// <param name="source">Where it is from.</param>
    /// <param name="name">Its file name without the endings of compressions already undone.</param>
    /// <param name="reading">The pass over the corpus.</param>
    private static IEnumerable<TextDocument> ReadContent(Stream stream, string source, string name, DocumentReading reading)
    {
        using var content = new PeekedStream(stream, ContentKinds.PrefixLength);
        var documents = ContentKinds.Find(content.Prefix, name) switch
        {
            ContentKind.Xz => ReadCompressed(new XzStream(content), source, name, reading),
            ContentKind.Gzip => ReadCompressed(new WholeGzipStream(content), source, name, reading),
            ContentKind.Tar => ReadTar(content, source, reading),
            ContentKind.JsonLines => JsonLines.Read(content, source, reading),
            ContentKind.Text => ReadText(content, source, reading),
            _ => Unknown(source, reading),
        };
        foreach (var document in documents) yield return document;
    }

    private static IEnumerable<TextDocument> ReadCompressed(Stream content, string source, string name, DocumentReading reading)
    {
        using var _ = content;
        foreach (var document in ReadContent(content, source, Path.ChangeExtension(name, null), reading)) yield return document;
    }

    private static IEnumerable<TextDocument> ReadTar(Stream content, string source, DocumentReading reading)
    {
        using var tar = new TarReader(content, leaveOpen: true);
        while (Next(tar) is { } entry)
        {
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile)) continue;
            var name = $"{source}/{entry.Name}";
            var documents = ReadContent(entry.DataStream ?? Stream.Null, name, name, reading);
            foreach (var document in reading.Check(documents, name)) yield return document;
        }
        content.CopyTo(Stream.Null); // Behind the last entry comes what tells whether compressed data were whole.
    }

    /// <summary>The next entry; a header whose numbers are none is damage like any other.</summary>
    private static TarEntry? Next(TarReader tar)
    {
        try
        {
            return tar.GetNextEntry();
        }
        catch (Exception damage) when (damage is FormatException or ArgumentException or OverflowException)
        {
            throw new InvalidDataException($"expected the header of a tar entry, found another: {damage.Message}", damage);
        }
    }

    private static IEnumerable<TextDocument> ReadText(Stream content, string source, DocumentReading reading)
    {
        using var bytes = new MemoryStream();
        CopyText(content, bytes);
        var read = bytes.GetBuffer().AsSpan(0, (int)bytes.Length);
        if (Utf8Text.TryDecode(read, offset: 0, out var text, out var reason)) return [new TextDocument(text, source)];
        reading.Report(source, reason);
        return [];
    }

    private static void CopyText(Stream content, MemoryStream bytes)
    {
        var block = new byte[1 << 14];
        for (int read; (read = content.Read(block)) > 0;)
        {
            if (bytes.Length + read > DocumentReading.LongestText)
                throw new InvalidDataException($"the document is longer than {DocumentReading.LongestText} bytes");
            bytes.Write(block, 0, read);
        }
    }

    private static IEnumerable<TextDocument> Unknown(string source, DocumentReading reading)
    {
        reading.Report(source, "expected a tar archive, xz, gzip, a text file *.txt or JSON lines; found something else");
        return [];
    }
}

/// <summary>What a file of a corpus, or an entry of an archive, holds.</summary>
internal enum ContentKind
{
    Unknown,
    Xz,
    Gzip,
    Tar,
    JsonLines,
    Text,
}

/// <summary>Tells archives by their first bytes, whatever their names, and texts by their names.</summary>
internal static class ContentKinds
{
    /// <summary>How many bytes tell: a tar header.</summary>
    public const int PrefixLength = 512;

    private const int ChecksumOffset = 148;
    private const int ChecksumLength = 8;

    private static ReadOnlySpan<byte> XzMagic => [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0];

    private static ReadOnlySpan<byte> GzipMagic => [0x1F, 0x8B];

    public static ContentKind Find(ReadOnlySpan<byte> prefix, string name)
    {
        if (prefix.StartsWith(XzMagic)) return ContentKind.Xz;
        if (prefix.StartsWith(GzipMagic)) return ContentKind.Gzip;
        if (IsTarHeader(prefix)) return ContentKind.Tar;
        return Path.GetExtension(name).ToLowerInvariant() switch
        {
            ".txt" => ContentKind.Text,
            ".json" or ".jsonl" or ".ndjson" => ContentKind.JsonLines,
            _ => ContentKind.Unknown,
        };
    }

    /// <summary>Whether the header's checksum is right, which holds for every tar format since the first; or all is zero, as in an empty
    /// archive.</summary>
    private static bool IsTarHeader(ReadOnlySpan<byte> prefix)
    {
        if (prefix.Length < PrefixLength) return false;
        var sum = ' ' * ChecksumLength;
        for (var i = 0; i < PrefixLength; i++)
            if (i is < ChecksumOffset or >= ChecksumOffset + ChecksumLength) sum += prefix[i];
        var written = Encoding.ASCII.GetString(prefix.Slice(ChecksumOffset, ChecksumLength)).Trim('\0', ' ');
        return sum == ParseOctal(written) || prefix.IndexOfAnyExcept((byte)0) < 0;
    }

    private static int ParseOctal(string digits)
        => digits.Length > 0 && digits.All(digit => digit is >= '0' and <= '7')
            ? digits.Aggregate(0, (value, digit) => (8 * value) + digit - '0')
            : -1;
}

/// <summary>A stream whose first bytes can be looked at before they are read. Leaves the stream below open.</summary>
internal sealed class PeekedStream : ReadOnlyStream
{
    private readonly Stream stream;
    private readonly byte[] prefix;
    private int position;

    /// <param name="stream">What is read.</param>
    /// <param name="length">The bytes that are looked at, fewer where the stream is shorter.</param>
    public PeekedStream(Stream stream, int length)
    {
        this.stream = stream;
        var bytes = new byte[length];
        prefix = bytes[..stream.ReadAtLeast(bytes, length, throwOnEndOfStream: false)];
    }

    /// <summary>The first bytes.</summary>
    public ReadOnlySpan<byte> Prefix => prefix;

    public override int Read(Span<byte> buffer)
    {
        if (position == prefix.Length) return stream.Read(buffer);
        var taken = Math.Min(buffer.Length, prefix.Length - position);
        prefix.AsSpan(position, taken).CopyTo(buffer);
        position += taken;
        return taken;
    }
}

/// <summary>Decompresses gzip, and tells data that were cut short, which <see cref="GZipStream"/> does not. Leaves the stream below open.</summary>
/// <remarks>A gzip file may hold several streams one after the other. So one more is put behind: it comes out as it went in only where nothing before
/// it was cut.</remarks>
internal sealed class WholeGzipStream : ReadOnlyStream
{
    private static readonly byte[] Mark = "the end of what was compressed"u8.ToArray();
    private static readonly byte[] CompressedMark = Compress(Mark);

    private readonly GZipStream decompressed;
    private readonly byte[] buffer = new byte[1 << 16];
    private int start;
    private int end;
    private bool ended;

    public WholeGzipStream(Stream compressed)
        => decompressed = new GZipStream(new FollowedStream(compressed, CompressedMark), CompressionMode.Decompress);

    /// <summary>Reads decompressed bytes.</summary>
    /// <exception cref="InvalidDataException">The data are damaged or cut short.</exception>
    public override int Read(Span<byte> destination)
    {
        while (end - start <= Mark.Length && !ended) Fill();
        var length = Math.Min(destination.Length, end - start - Mark.Length);
        if (length <= 0)
            return destination.IsEmpty || IsMark() ? 0 : throw new InvalidDataException("the gzip data end before their end marker");
        buffer.AsSpan(start, length).CopyTo(destination);
        start += length;
        return length;
    }

    protected override void Dispose(bool disposing)
    {
        decompressed.Dispose();
        base.Dispose(disposing);
    }

    private bool IsMark() => buffer.AsSpan(start, end - start).SequenceEqual(Mark);

    private void Fill()
    {
        buffer.AsSpan(start, end - start).CopyTo(buffer);
        (start, end) = (0, end - start);
        var read = decompressed.Read(buffer.AsSpan(end));
        ended = read == 0;
        end += read;
    }

    private static byte[] Compress(byte[] content)
    {
        using var bytes = new MemoryStream();
        using (var compressed = new GZipStream(bytes, CompressionLevel.Fastest)) compressed.Write(content);
        return bytes.ToArray();
    }

    /// <summary>A stream, then some bytes.</summary>
    private sealed class FollowedStream(Stream stream, byte[] suffix) : ReadOnlyStream
    {
        private int position;

        public override int Read(Span<byte> destination)
        {
            var read = stream.Read(destination);
            if (read > 0 || destination.IsEmpty) return read;
            var length = Math.Min(destination.Length, suffix.Length - position);
            suffix.AsSpan(position, length).CopyTo(destination);
            position += length;
            return length;
        }
    }
}

/// <summary>A stream that is read from its beginning to its end.</summary>
internal abstract class ReadOnlyStream : Stream
{
    public sealed override bool CanRead => true;

    public sealed override bool CanSeek => false;

    public sealed override bool CanWrite => false;

    public sealed override long Length => throw new NotSupportedException();

    public sealed override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public sealed override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public abstract override int Read(Span<byte> buffer);

    public sealed override void Flush()
    {
    }

    public sealed override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public sealed override void SetLength(long value) => throw new NotSupportedException();

    public sealed override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
