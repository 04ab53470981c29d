namespace Focus;

/// <summary>A long sequence of token ids that can be read anywhere.</summary>
/// <remarks>Any number of threads may read at once; nobody may read while, or after, it is disposed of.</remarks>
public abstract class TokenSource : IDisposable
{
    /// <summary>Where the tokens are from, as messages name it: a file's path, or what else says it.</summary>
    public abstract string Name { get; }

    /// <summary>The number of tokens.</summary>
    public abstract long Count { get; }

    /// <summary>Copies consecutive tokens.</summary>
    /// <param name="start">The first token's index, from 0.</param>
    /// <param name="destination">Receives tokens <paramref name="start"/> to <paramref name="start"/> + length, exclusive.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range does not lie within the tokens.</exception>
    /// <exception cref="InvalidDataException">What is stored there is no token id.</exception>
    /// <exception cref="ObjectDisposedException">The source was disposed of.</exception>
    public void Read(long start, Span<int> destination)
    {
        if (start < 0 || start > Count - destination.Length)
            throw new ArgumentOutOfRangeException(nameof(start), start,
                $"{Name} holds {Count} tokens; {destination.Length} tokens from index {start} on do not lie within them.");
        Copy(start, destination);
    }

    /// <summary>Copies consecutive tokens for a model that knows only so many.</summary>
    /// <inheritdoc cref="Read(long, Span{int})"/>
    /// <param name="start">The first token's index, from 0.</param>
    /// <param name="destination">Receives tokens <paramref name="start"/> to <paramref name="start"/> + length, exclusive.</param>
    /// <param name="vocabularySize">Ids must lie below it.</param>
    /// <exception cref="InvalidDataException">A token lies beyond the vocabulary.</exception>
    public void Read(long start, Span<int> destination, int vocabularySize)
    {
        Read(start, destination);
        var beyond = destination.IndexOfAnyExceptInRange(0, vocabularySize - 1);
        if (beyond >= 0)
            throw new InvalidDataException(
                $"{Name}: the token at index {start + beyond} is {destination[beyond]}; expected ids from 0 to " +
                $"{vocabularySize - 1}, the vocabulary. Were the tokens made with another tokenizer, or are they of another width?");
    }

    /// <summary>Copies consecutive tokens; the range has been checked.</summary>
    protected abstract void Copy(long start, Span<int> destination);

    /// <summary>Releases what the source holds; may be called more than once.</summary>
    public virtual void Dispose() => GC.SuppressFinalize(this);
}
