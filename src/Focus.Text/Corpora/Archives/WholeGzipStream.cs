using System.IO.Compression;

namespace Focus;

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
