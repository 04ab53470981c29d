using System.Numerics;

namespace Microsoft.ML.Tokenizers;

/// <summary>Which pairs of tokens merge to which token: an open-addressing hash table.</summary>
/// <remarks>A slot holds the pair, 16 bits each, above the token it merges to; no pair merges to token 0, so 0 is an empty slot.</remarks>
internal sealed class PairTable
{
    /// <summary>The rank of a pair that does not merge: above every token's.</summary>
    public const int None = int.MaxValue;

    private readonly ulong[] _slots;
    private readonly int _shift;

    public PairTable(IReadOnlyCollection<(int Left, int Right, int Merged)> pairs)
    {
        var bits = BitOperations.Log2((uint)pairs.Count) + 2;
        _slots = new ulong[1 << bits];
        _shift = 32 - bits;
        foreach (var (left, right, merged) in pairs)
        {
            var slot = First(Key(left, right));
            while (_slots[slot] != 0) slot = Next(slot);
            _slots[slot] = (ulong)Key(left, right) << 32 | (uint)merged;
        }
    }

    /// <summary>The token two adjacent tokens merge to, which is also the merge's rank; or <see cref="None"/>.</summary>
    public int Find(int left, int right)
    {
        var key = Key(left, right);
        for (var slot = First(key); ; slot = Next(slot))
        {
            var found = _slots[slot];
            if (found == 0) return None;
            if (found >> 32 == key) return (int)(uint)found;
        }
    }

    private static uint Key(int left, int right) => (uint)left << 16 | (uint)right;

    private uint First(uint key) => key * 0x9E3779B1 >> _shift;

    private uint Next(uint slot) => (slot + 1) & (uint)(_slots.Length - 1);
}
