namespace Focus;

/// <summary>Random numbers that are found by number: what batch n of a purpose draws depends on the seed, the purpose and n alone.</summary>
/// <remarks>
/// So nothing needs to be saved but the seed and the step to continue a run exactly, and neither optimizer, dropout nor evaluations can disturb
/// the order of the data. The generator is SplitMix64 (Steele, Lea and Flood 2014, Fast splittable pseudorandom number generators).
/// </remarks>
internal struct RandomStream(int seed, RandomPurpose purpose, long number)
{
    private const ulong GoldenRatio = 0x9E3779B97F4A7C15;

    private ulong state = Mix(Mix(Mix((ulong)seed) + (ulong)purpose) + (ulong)number);

    /// <summary>A number uniform in [0, <paramref name="end"/>).</summary>
    public long Next(long end) => (long)Math.BigMul(Next(), (ulong)end, out _);

    /// <summary>64 random bits.</summary>
    public ulong Next()
    {
        var value = Mix(state);
        state += GoldenRatio;
        return value;
    }

    private static ulong Mix(ulong value)
    {
        value += GoldenRatio;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}

/// <summary>What random numbers are drawn for.</summary>
internal enum RandomPurpose : ulong
{
    TrainingBatches = 1,
    TrainingEvaluation,
    ValidationEvaluation,
    Dropout,
}
