using static TorchSharp.torch;

namespace Focus;

/// <summary>The keys and values of the tokens that a layer's attention has seen.</summary>
internal sealed class KeyValueCache : IDisposable
{
    private readonly Tensor keys, values; // heads × capacity × width of a head

    /// <summary>Room for a number of tokens.</summary>
    public KeyValueCache(Gpt2Config config, int capacity, ScalarType type, Device device)
    {
        long[] shape = [config.Heads, capacity, config.Width / config.Heads];
        keys = empty(shape, dtype: type, device: device).DetachFromDisposeScope();
        values = empty(shape, dtype: type, device: device).DetachFromDisposeScope();
    }

    /// <summary>Puts the keys and values of new tokens behind those of the first <paramref name="length"/>.</summary>
    /// <param name="newKeys">heads × time × width of a head.</param>
    /// <param name="newValues">Likewise.</param>
    /// <param name="length">The tokens seen before.</param>
    /// <returns>The keys and values of all tokens: heads × (length + time) × width of a head.</returns>
    public (Tensor Keys, Tensor Values) Append(Tensor newKeys, Tensor newValues, long length)
    {
        var time = newKeys.shape[1];
        keys.narrow(1, length, time).copy_(newKeys);
        values.narrow(1, length, time).copy_(newValues);
        return (keys.narrow(1, 0, length + time), values.narrow(1, 0, length + time));
    }

    public void Dispose()
    {
        keys.Dispose();
        values.Dispose();
    }
}
