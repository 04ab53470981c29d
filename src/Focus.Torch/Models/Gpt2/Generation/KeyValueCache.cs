using static TorchSharp.torch;

namespace Focus;

/// <summary>The keys and values of the tokens that a block's attention has seen of one text, so that a new token costs one token's work.</summary>
internal sealed class KeyValueCache : IDisposable
{
    private readonly Tensor keys, values; // 1 × heads × capacity × width of a head

    /// <summary>Room for a number of tokens of a model.</summary>
    public KeyValueCache(Gpt2 model, int capacity)
    {
        long[] shape = [1, model.Config.Heads, capacity, model.Config.Width / model.Config.Heads];
        keys = empty(shape, model.Head.dtype, model.Head.device).DetachFromDisposeScope();
        values = empty(shape, model.Head.dtype, model.Head.device).DetachFromDisposeScope();
    }

    /// <summary>How many tokens are there.</summary>
    public long Length { get; private set; }

    /// <summary>Forgets the text.</summary>
    public void Clear() => Length = 0;

    /// <summary>Appends the keys and values of new tokens.</summary>
    /// <param name="newKeys">1 × heads × time × width of a head.</param>
    /// <param name="newValues">Likewise.</param>
    /// <returns>The keys and values of all tokens: 1 × heads × length × width of a head.</returns>
    public (Tensor Keys, Tensor Values) Append(Tensor newKeys, Tensor newValues)
    {
        var time = newKeys.shape[2];
        keys.narrow(2, Length, time).copy_(newKeys);
        values.narrow(2, Length, time).copy_(newValues);
        Length += time;
        return (keys.narrow(2, 0, Length), values.narrow(2, 0, Length));
    }

    public void Dispose()
    {
        keys.Dispose();
        values.Dispose();
    }
}
