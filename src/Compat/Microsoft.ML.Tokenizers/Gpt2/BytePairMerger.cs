using System.Buffers;

namespace Microsoft.ML.Tokenizers;

/// <summary>Byte-pair encoding: merges adjacent tokens, lowest rank first and leftmost among equals, until none merge.</summary>
internal static class BytePairMerger
{
    private const int LongestScanned = 128;

    /// <summary>Merges in place, beginning with one token for each byte; returns how many are left.</summary>
    public static int Merge(Span<int> tokens, PairTable pairs) =>
        tokens.Length <= LongestScanned ? MergeByScanning(tokens, pairs) : MergeByQueue(tokens, pairs);

    /// <summary>Looks through all ranks for each merge: quadratic, and fastest for words of usual length.</summary>
    private static int MergeByScanning(Span<int> tokens, PairTable pairs)
    {
        var count = tokens.Length;
        Span<int> ranks = stackalloc int[LongestScanned];
        for (var i = 0; i + 1 < count; i++) ranks[i] = pairs.Find(tokens[i], tokens[i + 1]);

        while (count > 1)
        {
            var (best, rank) = (0, PairTable.None);
            for (var i = 0; i + 1 < count; i++)
                if (ranks[i] < rank) (best, rank) = (i, ranks[i]);
            if (rank == PairTable.None) break;

            tokens[best] = rank;
            count--;
            tokens[(best + 2)..(count + 1)].CopyTo(tokens[(best + 1)..]);
            ranks[(best + 1)..count].CopyTo(ranks[best..]);
            if (best + 1 < count) ranks[best] = pairs.Find(rank, tokens[best + 1]);
            if (best > 0) ranks[best - 1] = pairs.Find(tokens[best - 1], rank);
        }
        return count;
    }

    /// <summary>Keeps the pairs in a priority queue and the tokens in a linked list: n log n, for runs of any length.</summary>
    private static int MergeByQueue(Span<int> tokens, PairTable pairs)
    {
        var links = ArrayPool<(int Previous, int Next)>.Shared.Rent(tokens.Length);
        for (var i = 0; i < tokens.Length; i++) links[i] = (i - 1, i + 1);

        // A pair whose tokens have changed since it was queued no longer has the rank it was queued with.
        var queue = new PriorityQueue<int, (int Rank, int Position)>();
        for (var i = 0; i + 1 < tokens.Length; i++) Queue(tokens, i);
        while (queue.TryDequeue(out var left, out var queued))
        {
            var right = tokens[left] < 0 ? tokens.Length : links[left].Next;
            if (right == tokens.Length || pairs.Find(tokens[left], tokens[right]) != queued.Rank) continue;

            tokens[left] = queued.Rank;
            tokens[right] = -1;
            var next = links[left].Next = links[right].Next;
            if (next < tokens.Length)
            {
                links[next].Previous = left;
                Queue(tokens, left);
            }
            if (links[left].Previous is var previous and >= 0) Queue(tokens, previous);
        }
        ArrayPool<(int, int)>.Shared.Return(links);

        var count = 0;
        foreach (var token in tokens)
            if (token >= 0) tokens[count++] = token;
        return count;

        void Queue(Span<int> tokens, int left)
        {
            var rank = pairs.Find(tokens[left], tokens[links[left].Next]);
            if (rank != PairTable.None) queue.Enqueue(left, (rank, left));
        }
    }
}
