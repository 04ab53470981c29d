using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace Focus;

/// <summary>Reads documents from archives, compressed files and archives within them as streams: nothing is unpacked, no name within an
/// archive is ever a path, and memory holds one document, of at most <see cref="DocumentReading.LongestText"/> bytes.</summary>
internal static class ArchiveReader
{
    private const int TarHeaderLength = 512, ChecksumOffset = 148, ChecksumLength = 8;

    /// <summary>A file may be made to hold itself, compressed, without an end.</summary>
    private const int DeepestNesting = 8;

    private static ReadOnlySpan<byte> XzMagic => [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0];
    private static ReadOnlySpan<byte> GzipMagic => [0x1F, 0x8B];
    private static ReadOnlySpan<byte> ZstandardMagic => [0x28, 0xB5, 0x2F, 0xFD];
    private static ReadOnlySpan<byte> ZipMagic => "PK\x3\x4"u8;

    public static IEnumerable<TextDocument> Read(string path, DocumentReading reading) => path.EndsWith(".txt", StringComparison.OrdinalIgnoreCase)
        ? TextFiles.Read(path, perLine: false, reading) : ReadArchive(path, reading);

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

    /// <summary>Recognises archives by their first bytes, and texts by their names, without the extensions of compressions already undone.</summary>
    private static IEnumerable<TextDocument> ReadContent(Stream stream, string source, string name, DocumentReading reading, int depth = 0)
    {
        var header = new byte[TarHeaderLength];
        header = header[..stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false)];
        using var content = new ConcatenatedStream(new MemoryStream(header), stream);
        var start = header.AsSpan();
        var documents =
            depth > DeepestNesting ? SkipUnknown(source, reading, $"at most {DeepestNesting} archives or compressions within each other")
            : start.StartsWith(XzMagic) ? Within(new XzStream(content))
            : start.StartsWith(GzipMagic) ? Within(new WholeGzipStream(content))
            : start.StartsWith(ZstandardMagic) ? Within(new ZstandardStream(content))
            : start.StartsWith(Bzip2Stream.Magic) ? Within(new Bzip2Stream(content))
            : start.StartsWith(ZipMagic) ? ReadZip(stream, source, reading, depth + 1)
            : start.StartsWith(ParquetDocuments.Magic) ? ParquetDocuments.Read(stream, source, reading)
            : IsTarHeader(header) ? ReadTar(content, source, reading, depth + 1)
            : Path.GetExtension(name).ToLowerInvariant() switch
            {
                ".txt" => ReadText(content, source, reading),
                ".json" or ".jsonl" or ".ndjson" => JsonDocuments.IsArray(header)
                    ? JsonDocuments.ReadArray(content, source, reading) : JsonDocuments.ReadLines(content, source, reading),
                _ => SkipUnknown(source, reading, "tar or zip archives, xz, gzip, zstd, bzip2, parquet, text files *.txt or JSON (lines or an array)"),
            };
        foreach (var document in documents) yield return document;

        IEnumerable<TextDocument> Within(Stream compression) => ReadCompressed(compression, source, name, reading, depth + 1);
    }

    /// <summary>Whether the checksum is right, which every tar format has; an empty archive is all zeros.</summary>
    private static bool IsTarHeader(ReadOnlySpan<byte> header)
    {
        if (header.Length < TarHeaderLength) return false;
        var sum = ' ' * ChecksumLength;
        for (var i = 0; i < header.Length; i++)
            if (i is < ChecksumOffset or >= ChecksumOffset + ChecksumLength) sum += header[i];
        var octal = Encoding.ASCII.GetString(header.Slice(ChecksumOffset, ChecksumLength)).Trim('\0', ' ');
        return (octal.Length > 0 && octal.All(digit => digit is >= '0' and <= '7') && Convert.ToInt32(octal, 8) == sum)
            || !header.ContainsAnyExcept((byte)0);
    }

    private static IEnumerable<TextDocument> ReadCompressed(Stream content, string source, string name, DocumentReading reading, int depth)
    {
        using var _ = content;
        foreach (var document in ReadContent(content, source, Path.ChangeExtension(name, null), reading, depth)) yield return document;
    }

    private static IEnumerable<TextDocument> ReadTar(Stream content, string source, DocumentReading reading, int depth)
    {
        using var tar = new TarReader(new TarHeaders(content), leaveOpen: true);
        while (Next(tar) is { } entry)
        {
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile)) continue;
            var name = $"{source}/{entry.Name}";
            var documents = ReadContent(entry.DataStream ?? Stream.Null, name, name, reading, depth);
            foreach (var document in reading.Check(documents, name)) yield return document;
        }
        content.CopyTo(Stream.Null); // Compressed data are known to be whole only at their end, behind the last entry.
    }

    private static IEnumerable<TextDocument> ReadZip(Stream file, string source, DocumentReading reading, int depth)
    {
        if (!file.CanSeek)
        {
            reading.Skip(source, "expected a zip archive by itself, found it within an archive or a compression; unpack it");
            yield break;
        }
        using var zip = new ZipArchive(file, ZipArchiveMode.Read, leaveOpen: true);
        foreach (var entry in zip.Entries.Where(entry => !entry.FullName.EndsWith('/')))
        {
            var name = $"{source}/{entry.FullName}";
            foreach (var document in reading.Check(ReadEntry(entry, name, reading, depth), name)) yield return document;
        }
    }

    private static IEnumerable<TextDocument> ReadEntry(ZipArchiveEntry entry, string name, DocumentReading reading, int depth)
    {
        if (entry.IsEncrypted) throw new InvalidDataException("the entry is encrypted; unpack it");
        using var content = new ZipEntryStream(entry);
        foreach (var document in ReadContent(content, name, name, reading, depth)) yield return document;
    }

    /// <summary>The next entry; turns the exceptions of malformed headers into those of damaged data.</summary>
    private static TarEntry? Next(TarReader tar)
    {
        try
        {
            return tar.GetNextEntry();
        }
        catch (Exception damage) when (damage is FormatException or ArgumentException or OverflowException)
        {
            throw new InvalidDataException($"expected the header of a tar entry, found something else: {damage.Message}", damage);
        }
    }

    private static IEnumerable<TextDocument> ReadText(Stream content, string source, DocumentReading reading)
    {
        using var bytes = new MemoryStream();
        var block = new byte[1 << 14];
        for (int read; (read = content.Read(block)) > 0;)
        {
            if (bytes.Length + read > DocumentReading.LongestText)
                throw new InvalidDataException($"the document is longer than {DocumentReading.LongestText} bytes");
            bytes.Write(block, 0, read);
        }
        return Utf8Text.Decode(bytes.GetBuffer().AsSpan(0, (int)bytes.Length), source, reading) is { } document ? [document] : [];
    }

    private static IEnumerable<TextDocument> SkipUnknown(string source, DocumentReading reading, string expected)
    {
        reading.Skip(source, $"expected {expected}; found something else: unpack or convert it (Hugging Face datasets: to_json, to_parquet)");
        return [];
    }
}

/// <summary>Decompresses gzip and detects truncation, which <see cref="GZipStream"/> does not. Leaves the compressed stream open.</summary>
/// <remarks>A gzip file may hold several streams. A marker stream is appended, which decompresses intact only if nothing before it was
/// cut off.</remarks>
internal sealed class WholeGzipStream(Stream compressed) : ReadOnlyStream
{
    private static readonly byte[] Marker = "the end of what was compressed"u8.ToArray();
    private static readonly byte[] CompressedMarker = Compress(Marker);

    private readonly GZipStream decompressed = new(
        new ConcatenatedStream(compressed, new MemoryStream(CompressedMarker)), CompressionMode.Decompress);

    private readonly byte[] buffer = new byte[1 << 16];
    private int start, end;

    public override int Read(Span<byte> destination)
    {
        if (destination.IsEmpty) return 0;
        while (end - start <= Marker.Length && Fill()) { }
        var length = Math.Min(destination.Length, end - start - Marker.Length);
        if (length <= 0)
            return buffer.AsSpan(start, end - start).SequenceEqual(Marker) ? 0
                : throw new InvalidDataException("the gzip data end before their end marker");
        buffer.AsSpan(start, length).CopyTo(destination);
        start += length;
        return length;
    }

    protected override void Dispose(bool disposing)
    {
        decompressed.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Reads more into the buffer; false at the end.</summary>
    private bool Fill()
    {
        buffer.AsSpan(start, end - start).CopyTo(buffer);
        (start, end) = (0, end - start);
        var read = decompressed.Read(buffer.AsSpan(end));
        end += read;
        return read > 0;
    }

    private static byte[] Compress(byte[] content)
    {
        using var bytes = new MemoryStream();
        using (var compressed = new GZipStream(bytes, CompressionLevel.Fastest)) compressed.Write(content);
        return bytes.ToArray();
    }
}

/// <summary>Reads one stream, then another. Leaves both open.</summary>
internal sealed class ConcatenatedStream(Stream first, Stream second) : ReadOnlyStream
{
    public override int Read(Span<byte> buffer) => first.Read(buffer) is var read and > 0 ? read : second.Read(buffer);
}

/// <summary>A stream that can only be read from start to end.</summary>
internal abstract class ReadOnlyStream : Stream
{
    public sealed override bool CanRead => true;
    public sealed override bool CanSeek => false;
    public sealed override bool CanWrite => false;
    public sealed override long Length => throw new NotSupportedException();
    public sealed override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public abstract override int Read(Span<byte> buffer);
    public sealed override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public sealed override int ReadByte()
    {
        byte value = 0;
        return Read(new Span<byte>(ref value)) > 0 ? value : -1;
    }

    public sealed override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public sealed override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public sealed override void SetLength(long value) => throw new NotSupportedException();
    public sealed override void Flush() { }
}

/// <summary>A tar archive whose extended headers claim a length that they may have: TarReader reserves as much memory as one claims.</summary>
internal sealed class TarHeaders(Stream content) : ReadOnlyStream
{
    private const int BlockLength = 512, SizeAt = 124, SizeLength = 12, TypeAt = 156, LongestExtended = 1 << 20;

    public override int Read(Span<byte> buffer)
    {
        if (buffer.Length != BlockLength) return content.Read(buffer);
        var read = content.ReadAtLeast(buffer, BlockLength, throwOnEndOfStream: false);
        if (read == BlockLength && "xgLK"u8.Contains(buffer[TypeAt]) && Size(buffer.Slice(SizeAt, SizeLength)) > LongestExtended)
            throw new InvalidDataException($"expected the extended header of a tar entry of at most {LongestExtended} bytes, found a longer one");
        return read;
    }

    /// <summary>A number in octal digits, or one of those beyond them, which are written in binary.</summary>
    private static long Size(ReadOnlySpan<byte> field)
    {
        if (field[0] >= 0x80) return long.MaxValue;
        var size = 0L;
        foreach (var digit in field)
            if (digit is >= (byte)'0' and <= (byte)'7') size = size * 8 + digit - '0';
        return size;
    }
}
