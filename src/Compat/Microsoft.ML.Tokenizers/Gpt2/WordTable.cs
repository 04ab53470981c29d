using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Tokenizers;

/// <summary>The words that are one token: an open-addressing hash table over their characters.</summary>
internal sealed class WordTable
{
    private readonly Slot[] _slots;
    private readonly string _characters;

    private readonly record struct Slot(uint Hash, int Start, int Length, int Id);

    public WordTable(IReadOnlyCollection<KeyValuePair<string, int>> words)
    {
        _characters = string.Concat(words.Select(word => word.Key));
        _slots = new Slot[BitOperations.RoundUpToPowerOf2((uint)words.Count * 2)];
        var start = 0;
        foreach (var (word, id) in words)
        {
            var hash = Hash(word);
            var slot = hash & (uint)(_slots.Length - 1);
            while (_slots[slot].Length > 0) slot = (slot + 1) & (uint)(_slots.Length - 1);
            _slots[slot] = new Slot(hash, start, word.Length, id);
            start += word.Length;
        }
    }

    /// <summary>The id of a word that is one token, or -1.</summary>
    public int Find(ReadOnlySpan<char> word)
    {
        var slots = _slots;
        var hash = Hash(word);
        for (var i = hash; ; i++)
        {
            ref readonly var slot = ref slots[i & (uint)(slots.Length - 1)];
            if (slot.Length == 0) return -1;
            if (slot.Hash == hash && word.SequenceEqual(_characters.AsSpan(slot.Start, slot.Length))) return slot.Id;
        }
    }

    /// <summary>Mixes in four characters at a time.</summary>
    private static uint Hash(ReadOnlySpan<char> word)
    {
        var hash = (ulong)word.Length;
        for (; word.Length >= 4; word = word[4..]) hash = Mix(hash, Read<ulong>(word));
        return (uint)(word.Length switch
        {
            3 => Mix(hash, Read<uint>(word) | (ulong)word[2] << 32),
            2 => Mix(hash, Read<uint>(word)),
            1 => Mix(hash, word[0]),
            _ => hash,
        });

        static T Read<T>(ReadOnlySpan<char> characters) where T : unmanaged =>
            Unsafe.ReadUnaligned<T>(in Unsafe.As<char, byte>(ref MemoryMarshal.GetReference(characters)));

        static ulong Mix(ulong hash, ulong block)
        {
            hash = (hash ^ block) * 0x9E3779B97F4A7C15;
            return hash ^ hash >> 32;
        }
    }
}
