namespace Focus;

/// <summary>Endless batches of row numbers, shuffled anew at each pass over the data; rows that do not fill a pass's last batch are left
/// out of it.</summary>
internal sealed class ShuffledBatches
{
    private readonly Random random;
    private readonly long[] order;
    private readonly long[] batch;
    private int next;

    public ShuffledBatches(long rows, int batchSize, int seed)
    {
        random = new Random(seed);
        order = new long[rows];
        for (var i = 0; i < order.Length; i++) order[i] = i;
        batch = new long[batchSize];
        next = order.Length;
    }

    /// <summary>The next batch; the array is reused by the next call.</summary>
    public long[] Next()
    {
        if (next + batch.Length > order.Length)
        {
            random.Shuffle(order);
            next = 0;
        }
        Array.Copy(order, next, batch, 0, batch.Length);
        next += batch.Length;
        return batch;
    }
}
