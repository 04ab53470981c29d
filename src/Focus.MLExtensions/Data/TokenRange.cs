namespace Focus;

/// <summary>Some of the tokens of a source, without a copy.</summary>
internal sealed class TokenRange(TokenSource source, long start, long count) : TokenSource
{
    public override string Name => $"{source.Name} (tokens {start} to {start + count})";

    public override long Count => count;

    protected override void Copy(long first, Span<int> destination) => source.Read(start + first, destination);
}
