using System.Numerics;

namespace Microsoft.ML.Data;

/// <summary>The random numbers that decide on which side of a split a row falls: the same as ML.NET's, so that the splits are the
/// same.</summary>
/// <remarks>A hybrid Tausworthe generator (GPU Gems 3, chapter 37), seeded by rounds of MurmurHash3.</remarks>
internal struct SplitRandom
{
    private uint _z1;
    private uint _z2;
    private uint _z3;
    private uint _z4;

    public SplitRandom(uint seed)
    {
        _z1 = seed;
        _z2 = MurmurRound(_z1, seed);
        _z3 = MurmurRound(_z2, seed);
        _z4 = MurmurRound(_z3, seed);
    }

    /// <summary>A number in [0, 1) with 23 random bits.</summary>
    public float NextSingle()
    {
        _z1 = Tausworthe(_z1, 13, 19, 12, ~0x1u);
        _z2 = Tausworthe(_z2, 2, 25, 4, ~0x7u);
        _z3 = Tausworthe(_z3, 3, 11, 17, ~0xFu);
        _z4 = 1664525 * _z4 + 1013904223;
        return ((_z1 ^ _z2 ^ _z3 ^ _z4) >> 9) * (1f / (1 << 23));
    }

    private static uint Tausworthe(uint z, int s1, int s2, int s3, uint mask) => ((z & mask) << s3) ^ (((z << s1) ^ z) >> s2);

    private static uint MurmurRound(uint hash, uint chunk)
    {
        hash ^= BitOperations.RotateLeft(chunk * 0xCC9E2D51, 15) * 0x1B873593;
        return BitOperations.RotateLeft(hash, 13) * 5 + 0xE6546B64;
    }
}
