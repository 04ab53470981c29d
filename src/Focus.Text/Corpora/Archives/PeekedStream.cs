namespace Focus;

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
