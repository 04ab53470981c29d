namespace Focus;

/// <summary>Tokens in memory: two bytes each while all ids fit, four from the first id above 65,535 on.</summary>
/// <remarks>Reads may run in parallel, but not with <see cref="Append"/>.</remarks>
public sealed class TokenBuffer : TokenSource
{
    /// <summary>Tokens per chunk: chunks never move, so that growing copies nothing and needs no second copy of what is there.</summary>
    private const int ChunkLength = 1 << 20;

    private readonly List<Chunk> chunks = [];
    private long count;

    /// <summary>Creates an empty buffer.</summary>
    /// <param name="name">Where the tokens are from, for messages.</param>
    public TokenBuffer(string name = "The token buffer")
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Name = name;
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override long Count => count;

    /// <summary>Adds tokens at the end.</summary>
    /// <param name="tokens">Ids, each at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is negative; nothing was added.</exception>
    public void Append(ReadOnlySpan<int> tokens)
    {
        var wrong = tokens.IndexOfAnyInRange(int.MinValue, -1);
        if (wrong >= 0)
            throw new ArgumentOutOfRangeException(nameof(tokens), tokens[wrong],
                $"The token at index {wrong} is negative; expected ids of at least 0.");
        while (tokens.Length > 0)
        {
            var (index, offset) = Math.DivRem(count, ChunkLength);
            if (index == chunks.Count) chunks.Add(new Chunk());
            var taken = Math.Min(tokens.Length, ChunkLength - (int)offset);
            chunks[(int)index].Write((int)offset, tokens[..taken]);
            count += taken;
            tokens = tokens[taken..];
        }
    }

    /// <inheritdoc/>
    protected override void Copy(long start, Span<int> destination)
    {
        while (destination.Length > 0)
        {
            var (index, offset) = Math.DivRem(start, ChunkLength);
            var taken = Math.Min(destination.Length, ChunkLength - (int)offset);
            chunks[(int)index].Read((int)offset, destination[..taken]);
            start += taken;
            destination = destination[taken..];
        }
    }

    /// <summary>Tokens of one width; what is beyond the tokens written is not read.</summary>
    private sealed class Chunk
    {
        private ushort[]? narrow = new ushort[ChunkLength];
        private int[]? wide;

        public void Write(int offset, ReadOnlySpan<int> tokens)
        {
            if (wide is null && tokens.IndexOfAnyExceptInRange(0, ushort.MaxValue) >= 0) Widen(offset);
            if (wide is null) TokenBytes.Narrow(tokens, narrow.AsSpan(offset));
            else tokens.CopyTo(wide.AsSpan(offset));
        }

        public void Read(int offset, Span<int> destination)
        {
            if (wide is null) TokenBytes.Widen(narrow.AsSpan(offset, destination.Length), destination);
            else wide.AsSpan(offset, destination.Length).CopyTo(destination);
        }

        private void Widen(int written)
        {
            wide = new int[ChunkLength];
            TokenBytes.Widen(narrow.AsSpan(0, written), wide);
            narrow = null;
        }
    }
}
