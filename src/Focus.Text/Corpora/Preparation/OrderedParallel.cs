namespace Focus;

/// <summary>Parallel work on a stream, with the results in the stream's order.</summary>
internal static class OrderedParallel
{
    /// <summary>How many items, for each worker, are taken from the stream before their results are asked for.</summary>
    private const int AheadPerWorker = 2;

    /// <summary>Works on items; no more than <paramref name="workers"/> · 2 + 1 of them are in memory. Leaves nothing running behind.</summary>
    public static IEnumerable<TResult> Select<TItem, TResult>(IEnumerable<TItem> items, Func<TItem, TResult> work, int workers)
    {
        var scheduler = new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default, workers).ConcurrentScheduler;
        var pending = new Queue<Task<TResult>>();
        try
        {
            foreach (var item in items)
            {
                pending.Enqueue(Task.Factory.StartNew(() => work(item), CancellationToken.None, TaskCreationOptions.None, scheduler));
                if (pending.Count > AheadPerWorker * workers) yield return pending.Dequeue().GetAwaiter().GetResult();
            }
            while (pending.TryDequeue(out var last)) yield return last.GetAwaiter().GetResult();
        }
        finally
        {
            foreach (var abandoned in pending) ((IAsyncResult)abandoned).AsyncWaitHandle.WaitOne();
        }
    }
}
