using System.Runtime.InteropServices;

namespace Focus;

/// <summary>An open file to which tokens are added. What is not flushed when it is disposed of is lost.</summary>
internal sealed class TokenStream : IDisposable
{
    private readonly string name;
    private readonly TokenWidth width;
    private readonly FileStream stream;
    private readonly byte[] buffer = new byte[1 << 16];
    private int buffered;

    /// <param name="path">The file that is written.</param>
    /// <param name="name">The file that it will be, for messages.</param>
    /// <param name="width">The bytes of a token.</param>
    /// <param name="mode">Whether the file is new.</param>
    public TokenStream(string path, string name, TokenWidth width, FileMode mode)
    {
        (this.name, this.width) = (name, width);
        // A FileStream with a buffer would write once more when closed, and fail once more where the disk is full.
        stream = new FileStream(path, mode, FileAccess.Write, FileShare.None, bufferSize: 0);
        Count = stream.Length / (int)width;
    }

    /// <summary>The number of tokens in the file.</summary>
    public long Count { get; private set; }

    /// <summary>Adds tokens at the end.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id does not fit; nothing was added.</exception>
    /// <exception cref="IOException">The disk is full, or cannot be written.</exception>
    public void Write(ReadOnlySpan<int> ids)
    {
        var wrong = ids.IndexOfAnyExceptInRange(0, width.HighestId());
        if (wrong >= 0)
            throw new ArgumentOutOfRangeException(nameof(ids), ids[wrong],
                $"Token {Count + wrong} does not fit into {name}: expected ids from 0 to {width.HighestId()}, as its tokens " +
                $"have {(int)width} bytes.");
        while (ids.Length > 0)
        {
            if (buffered == buffer.Length) WriteBuffer();
            var taken = Math.Min(ids.Length, (buffer.Length - buffered) / (int)width);
            Encode(ids[..taken], buffer.AsSpan(buffered, taken * (int)width));
            buffered += taken * (int)width;
            Count += taken;
            ids = ids[taken..];
        }
    }

    /// <summary>Has what was written on the disk.</summary>
    public void Flush()
    {
        WriteBuffer();
        stream.Flush(flushToDisk: true);
    }

    /// <summary>Cuts the file after some tokens and goes on there.</summary>
    public void Truncate(long count)
    {
        buffered = 0;
        stream.SetLength(count * (int)width);
        stream.Position = stream.Length;
        Count = count;
    }

    public void Dispose() => stream.Dispose();

    private void Encode(ReadOnlySpan<int> ids, Span<byte> destination)
    {
        if (width == TokenWidth.UInt16) TokenBytes.Narrow(ids, MemoryMarshal.Cast<byte, ushort>(destination));
        else MemoryMarshal.AsBytes(ids).CopyTo(destination);
    }

    private void WriteBuffer()
    {
        stream.Write(buffer, 0, buffered);
        buffered = 0;
    }
}
