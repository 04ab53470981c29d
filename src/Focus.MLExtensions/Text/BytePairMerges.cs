using System.Text;

namespace Focus;

/// <summary>Merges the bytes of a piece of text into tokens of a byte-pair encoding in a time that grows as n · log n with its length:
/// Microsoft.ML.Tokenizers' grows with the square, half a minute for 160,000 letters without a blank.</summary>
/// <param name="ranks">The ids of the tokens, which are their ranks too, by their bytes as Latin-1 characters.</param>
internal sealed class BytePairMerges(Dictionary<string, int> ranks)
{
    /// <summary>Longer pieces are cut, so that memory stays within a hundred bytes for each of so many characters.</summary>
    private const int LongestPiece = 1 << 20;

    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> idOf = ranks.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Reads tokens as Microsoft.ML.Tokenizers' data have them: a line with their number, then each one's bytes in Base64, by rank.</summary>
    public static BytePairMerges Read(Stream stream)
    {
        var ranks = new Dictionary<string, int>(Gpt2Tokens.Count);
        using var reader = new StreamReader(stream);
        reader.ReadLine();
        while (reader.ReadLine() is { } line) ranks.Add(Encoding.Latin1.GetString(Convert.FromBase64String(line)), ranks.Count);
        return new(ranks);
    }

    /// <summary>Appends the tokens of a piece, within which any neighbours may merge.</summary>
    public void Encode(ReadOnlySpan<char> piece, List<int> ids)
    {
        while (piece.Length > LongestPiece)
        {
            var cut = char.IsHighSurrogate(piece[LongestPiece - 1]) ? LongestPiece - 1 : LongestPiece;
            Merge(piece[..cut], ids);
            piece = piece[cut..];
        }
        Merge(piece, ids);
    }

    /// <summary>Merges the pair of the lowest rank, the leftmost of equals, until no pair is a token.</summary>
    private void Merge(ReadOnlySpan<char> piece, List<int> ids)
    {
        var utf8 = new byte[Encoding.UTF8.GetByteCount(piece)];
        Encoding.UTF8.GetBytes(piece, utf8);
        var bytes = Encoding.Latin1.GetString(utf8);
        // The end of the token that starts at a byte, 0 where none does; and the start of the one before it.
        var (end, before) = (new int[bytes.Length], new int[bytes.Length]);
        for (var start = 0; start < bytes.Length; start++) (end[start], before[start]) = (start + 1, start - 1);
        var pairs = new PriorityQueue<(int Start, int Middle, int End), long>();
        for (var start = 0; start < bytes.Length; start++) Offer(start);
        while (pairs.TryDequeue(out var pair, out _))
        {
            if (end[pair.Start] != pair.Middle || end[pair.Middle] != pair.End) continue; // One of them has merged meanwhile.
            (end[pair.Start], end[pair.Middle]) = (pair.End, 0);
            if (pair.End < bytes.Length) before[pair.End] = pair.Start;
            Offer(pair.Start);
            if (pair.Start > 0) Offer(before[pair.Start]);
        }
        for (var start = 0; start < bytes.Length; start = end[start]) ids.Add(idOf[bytes.AsSpan(start, end[start] - start)]);

        void Offer(int start)
        {
            var middle = end[start];
            if (middle < bytes.Length && idOf.TryGetValue(bytes.AsSpan(start, end[middle] - start), out var rank))
                pairs.Enqueue((start, middle, end[middle]), ((long)rank << 32) | (uint)start);
        }
    }
}
