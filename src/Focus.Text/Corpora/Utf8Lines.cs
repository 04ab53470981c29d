namespace Focus;

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
