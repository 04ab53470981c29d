namespace Focus;

/// <summary>SplitMix64 (Steele, Lea and Flood 2014, Fast splittable pseudorandom number generators).</summary>
internal static class SplitMix64
{
    public const ulong GoldenRatio = 0x9E3779B97F4A7C15;

    /// <summary>The generator's output for a state: a bijection of 64 bits.</summary>
    public static ulong Mix(ulong state)
    {
        state += GoldenRatio;
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB;
        return state ^ (state >> 31);
    }
}

/// <summary>Random numbers that are found by number: what batch n of a purpose draws depends on the seed, the purpose and n alone.</summary>
/// <remarks>So nothing needs to be saved but the seed and the step to continue a run exactly, and neither optimizer, dropout nor evaluations
/// can disturb the order of the data.</remarks>
internal struct RandomStream(int seed, RandomPurpose purpose, long number)
{
    private ulong state = SplitMix64.Mix(SplitMix64.Mix(SplitMix64.Mix((ulong)seed) + (ulong)purpose) + (ulong)number);

    /// <summary>A number uniform in [0, <paramref name="end"/>).</summary>
    public long Next(long end) => (long)Math.BigMul(Next(), (ulong)end, out _);

    /// <summary>Passes over numbers, as many calls of <see cref="Next()"/> would.</summary>
    public void Skip(long count) => state += (ulong)count * SplitMix64.GoldenRatio;

    public ulong Next()
    {
        var value = SplitMix64.Mix(state);
        state += SplitMix64.GoldenRatio;
        return value;
    }
}

/// <summary>What random numbers are drawn for.</summary>
internal enum RandomPurpose : ulong
{
    TrainingBatches = 1,
    TrainingEvaluation,
    ValidationEvaluation,
    Dropout,
    Curvature,
}

/// <summary>A hash that names one random stream by everything the stream may depend on, and nothing else.</summary>
/// <remarks>Values enter as their bits, so a run's draws depend on the cell's values and not on its place in a grid, an order or a
/// shard.</remarks>
internal readonly struct StreamKey
{
    private readonly ulong hash;

    private StreamKey(ulong hash) => this.hash = hash;

    public StreamKey(long seed) : this(SplitMix64.Mix((ulong)seed))
    {
    }

    public StreamKey With(ulong value) => new(SplitMix64.Mix(hash ^ SplitMix64.Mix(value)));

    // Adding zero makes -0 and 0 one value.
    public StreamKey With(double value) => With(BitConverter.DoubleToUInt64Bits(value + 0.0));

    public StreamKey With(string text)
    {
        var key = With((ulong)text.Length);
        foreach (var letter in text) key = key.With((ulong)letter);
        return key;
    }

    public (ulong Low, ulong High) State() => (SplitMix64.Mix(hash + 1), SplitMix64.Mix(hash + 2));
}
