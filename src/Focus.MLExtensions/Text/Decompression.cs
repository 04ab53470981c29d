using System.IO.Compression;
using ICSharpCode.SharpZipLib;
using ICSharpCode.SharpZipLib.BZip2;
using ICSharpCode.SharpZipLib.Checksum;
using ZstdSharp;

namespace Focus;

/// <summary>A decompressor of a library, whose exceptions on damaged data become those of this one.</summary>
internal class DecompressedStream(Stream content) : ReadOnlyStream
{
    public override int Read(Span<byte> buffer)
    {
        try
        {
            return content.Read(buffer);
        }
        catch (Exception damage) when (IsOfDamage(damage))
        {
            throw new InvalidDataException($"the compressed data are damaged or cut short: {damage.Message}", damage);
        }
    }

    protected override void Dispose(bool disposing)
    {
        content.Dispose();
        base.Dispose(disposing);
    }

    private static bool IsOfDamage(Exception error)
        => error is SharpZipBaseException or ZstdException or EndOfStreamException or IndexOutOfRangeException or ArgumentException or OverflowException;
}

/// <summary>The content of an entry of a zip archive, whose length and checksum are compared at its end.</summary>
internal sealed class ZipEntryStream(ZipArchiveEntry entry) : DecompressedStream(entry.Open())
{
    private readonly Crc32 checksum = new();
    private long length;

    public override int Read(Span<byte> buffer)
    {
        var read = base.Read(buffer);
        length += read;
        foreach (var value in buffer[..read]) checksum.Update(value);
        if (read == 0 && buffer.Length > 0 && (length != entry.Length || (uint)checksum.Value != entry.Crc32))
            throw new InvalidDataException($"expected {entry.Length} bytes with the checksum {entry.Crc32:X8}, found {length} with {checksum.Value:X8}");
        return read;
    }
}

/// <summary>Decompresses zstd, all frames of a file one after the other, with windows of at most 128 MiB. Leaves the compressed stream
/// open.</summary>
internal sealed class ZstandardStream(Stream compressed)
    : DecompressedStream(new DecompressionStream(compressed, checkEndOfStream: true, leaveOpen: true));

/// <summary>Decompresses bzip2, all streams of a file one after the other. Leaves the compressed stream open.</summary>
internal sealed class Bzip2Stream(Stream compressed) : DecompressedStream(new Members(compressed))
{
    public static ReadOnlySpan<byte> Magic => "BZh"u8;

    /// <summary>The streams; the library's decompressor ends with the first, just behind its last byte.</summary>
    private sealed class Members(Stream compressed) : ReadOnlyStream
    {
        private readonly BufferedStream source = new(compressed, 1 << 16);
        private BZip2InputStream? member;

        public override int Read(Span<byte> buffer)
        {
            if (buffer.IsEmpty) return 0;
            for (; (member ??= Next()) is { } current; member = null)
                if (current.Read(buffer) is var read and > 0) return read;
            return 0;
        }

        private BZip2InputStream? Next()
        {
            var start = new byte[Magic.Length + 1];
            var read = source.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
            return read == 0 ? null
                : start.AsSpan().StartsWith(Magic) && start[^1] is >= (byte)'1' and <= (byte)'9'
                    ? new(new ConcatenatedStream(new MemoryStream(start), source)) { IsStreamOwner = false }
                    : throw new InvalidDataException("behind a stream of bzip2 is something else");
        }
    }
}
