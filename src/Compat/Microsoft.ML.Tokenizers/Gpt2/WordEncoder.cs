using System.Buffers;

namespace Microsoft.ML.Tokenizers;

/// <summary>Encodes words one at a time. Any number of threads may share it: it changes nothing.</summary>
internal sealed class WordEncoder(Gpt2Vocabulary vocabulary)
{
    private const int MaxBytesPerUnit = 3;
    private const int MaxBytesOnStack = 192;

    /// <summary>Adds the tokens of a word.</summary>
    public void Encode(ReadOnlySpan<char> word, List<int> ids)
    {
        var whole = vocabulary.Words.Find(word);
        if (whole >= 0) ids.Add(whole);
        else Merge(word, ids);
    }

    private void Merge(ReadOnlySpan<char> word, List<int> ids)
    {
        var size = checked(word.Length * MaxBytesPerUnit);
        var rented = size > MaxBytesOnStack ? ArrayPool<int>.Shared.Rent(size) : null;
        var tokens = rented is null ? stackalloc int[MaxBytesOnStack] : rented;

        var count = 0;
        Span<byte> character = stackalloc byte[4];
        while (!word.IsEmpty)
        {
            var (units, bytes) = Wtf8.Encode(word, character);
            foreach (var value in character[..bytes]) tokens[count++] = vocabulary[value];
            word = word[units..];
        }
        ids.AddRange(tokens[..BytePairMerger.Merge(tokens[..count], vocabulary.Pairs)]);

        if (rented is not null) ArrayPool<int>.Shared.Return(rented);
    }

    /// <summary>The tokens of a word with the characters each one covers, wholly or in part; offsets count from <paramref name="origin"/>.</summary>
    public void Encode(ReadOnlySpan<char> word, int origin, List<EncodedToken> tokens)
    {
        var ids = new List<int>();
        Encode(word, ids);

        // Where the character that holds the next byte begins and ends, in UTF-16 units, and where it ends in bytes.
        var (start, end, byteEnd, position) = (0, 0, 0, 0);
        foreach (var id in ids)
        {
            vocabulary.TryGetBytes(id, out var bytes);
            if (position == byteEnd) Advance(word);
            var first = start;
            position += bytes.Length;
            while (byteEnd < position) Advance(word);
            tokens.Add(new EncodedToken(id, word[first..end].ToString(), (origin + first)..(origin + end)));
        }

        void Advance(ReadOnlySpan<char> word)
        {
            Span<byte> character = stackalloc byte[4];
            var (units, bytes) = Wtf8.Encode(word[end..], character);
            (start, end, byteEnd) = (end, end + units, byteEnd + bytes);
        }
    }
}
