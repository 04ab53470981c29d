using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Focus;

/// <summary>Independent pieces of work, done in order of their start by several threads.</summary>
internal static class ParallelWork
{
    /// <summary>Does all pieces; the first failure stops those that have not begun, and is thrown as it was.</summary>
    /// <param name="pieces">What to do, in this order; taken one by one as threads get free.</param>
    /// <param name="workers">Threads at most, at least 1; −1 for as many as there are cores.</param>
    /// <param name="cancellation">Keeps further pieces from beginning.</param>
    /// <param name="work">Does a piece.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="workers"/> is 0 or below −1.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was requested.</exception>
    public static void Run<T>(IEnumerable<T> pieces, int workers, CancellationToken cancellation, Action<T> work)
    {
        try
        {
            Parallel.ForEach(
                Partitioner.Create(pieces, EnumerablePartitionerOptions.NoBuffering),
                new ParallelOptions { MaxDegreeOfParallelism = workers, CancellationToken = cancellation },
                work);
        }
        catch (AggregateException fault)
        {
            var cause = fault.InnerExceptions.FirstOrDefault(inner => inner is not OperationCanceledException);
            ExceptionDispatchInfo.Throw(cause ?? fault.InnerExceptions[0]);
        }
    }
}
