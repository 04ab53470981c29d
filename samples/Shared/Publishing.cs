namespace Samples;

/// <summary>Writes the results of a scan that several machines share.</summary>
internal static class Publishing
{
    /// <summary>Writes results, and again if other shards finished work meanwhile: the last shard to write has seen all of it.</summary>
    /// <param name="finished">Counts the finished work of all shards.</param>
    /// <param name="write">Writes the results of all finished work.</param>
    public static void Publish(Func<int> finished, Action write)
    {
        int seen;
        do
        {
            seen = finished();
            write();
        }
        while (finished() > seen);
    }
}
