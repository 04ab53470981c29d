namespace Focus;

/// <summary>A hash that names one random stream by everything the stream may depend on, and nothing else.</summary>
/// <remarks>Values enter as their bits, so a run's draws depend on the cell's values and not on its place in a grid, an order or a
/// shard.</remarks>
internal readonly struct StreamKey
{
    private readonly ulong hash;

    private StreamKey(ulong hash) => this.hash = hash;

    public StreamKey(long seed) : this(Mix((ulong)seed))
    {
    }

    public StreamKey With(ulong value) => new(Mix(hash ^ Mix(value)));

    // Adding zero makes -0 and 0 one value.
    public StreamKey With(double value) => With(BitConverter.DoubleToUInt64Bits(value + 0.0));

    public StreamKey With(string text)
    {
        var key = With((ulong)text.Length);
        foreach (var letter in text) key = key.With((ulong)letter);
        return key;
    }

    /// <summary>The 128 bits that start the stream's generator.</summary>
    public (ulong Low, ulong High) State() => (Mix(hash + 1), Mix(hash + 2));

    // The finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) after its golden-ratio step: a bijection.
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
