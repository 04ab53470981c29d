namespace Focus;

/// <summary>Draws documents for validation, each from the seed and its number alone.</summary>
internal readonly struct DocumentDraw(long seed, double share)
{
    public bool Validates(long document) => Uniform(document) < share;

    /// <summary>SplitMix64: the state after so many steps, mixed.</summary>
    private double Uniform(long document)
    {
        var bits = (ulong)seed + ((ulong)(document + 1) * 0x9E3779B97F4A7C15);
        bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
        bits ^= bits >> 31;
        return (bits >> 11) * (1.0 / (1L << 53));
    }
}
