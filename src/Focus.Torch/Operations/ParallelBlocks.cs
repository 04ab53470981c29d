namespace Focus;

/// <summary>Work over rows or heads, in blocks that the cores take in turn.</summary>
internal static class ParallelBlocks
{
    /// <summary>Less work than this, in elements, is done before another core wakes up.</summary>
    private const long ParallelThreshold = 1 << 16;

    /// <summary>Calls an action with the first index of each block and the index after its last.</summary>
    /// <param name="count">How many indices there are.</param>
    /// <param name="blockLength">How many of them make a block: always the same ones, whatever the number of cores.</param>
    /// <param name="elementsEach">The work of one index.</param>
    /// <param name="action">What to do with a block.</param>
    public static void For(int count, int blockLength, long elementsEach, Action<int, int> action)
    {
        var blocks = (count + blockLength - 1) / blockLength;
        if (blocks < 2 || count * elementsEach < ParallelThreshold || !TorchThreads.AreMany)
            for (var block = 0; block < blocks; block++) Do(block);
        else
            Parallel.For(0, blocks, Do);

        void Do(int block) => action(block * blockLength, Math.Min((block + 1) * blockLength, count));
    }
}
