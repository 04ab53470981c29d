using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.ExceptionServices;

namespace Focus;

/// <summary>The progress of a scan.</summary>
/// <param name="Runs">Runs finished so far.</param>
/// <param name="TotalRuns">All runs of this call; those that were finished before do not count.</param>
/// <param name="Elapsed">The time since the call.</param>
/// <param name="Remaining">The estimated time left; null if no run is finished.</param>
public readonly record struct TrainingScanProgress(int Runs, int TotalRuns, TimeSpan Elapsed, TimeSpan? Remaining);

/// <summary>Makes the runs of a plan in parallel and keeps every finished one in a folder.</summary>
/// <remarks>
/// A finished run is a line of JSON in <c>runs-{i}-of-{n}.jsonl</c>, the file of shard i/n. Finished runs are not repeated, so a scan can be
/// interrupted and resumed, also with other shards; a file cut short lacks only its last run. To merge shards that do not share a folder,
/// copy their files into one of the folders, beside its <c>manifest.json</c>, and run the scan there once more. Each run has its own seed,
/// so results do not depend on workers, shards and order.
/// </remarks>
public sealed class TrainingScan
{
    private readonly ScanPlan plan;
    private readonly RunLog log;

    /// <summary>Starts a scan in a folder, or resumes one.</summary>
    /// <param name="plan">The runs.</param>
    /// <param name="folder">The folder of the results; it is created if it is missing.</param>
    /// <exception cref="ArgumentException">A value of the plan is outside its range.</exception>
    /// <exception cref="InvalidOperationException">The folder holds results of another plan.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public TrainingScan(ScanPlan plan, string folder)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        plan.Validate();
        Directory.CreateDirectory(folder);
        (this.plan, log) = (plan, new RunLog(plan, folder));
        ScanManifest.Claim(folder, plan.Describe(), log.Exists);
    }

    /// <summary>The finished runs of all shards in the folder.</summary>
    /// <exception cref="InvalidDataException">A line of a file is not a run of the plan.</exception>
    public ScanResults Read() => log.Read();

    /// <summary>Makes the runs of a shard that are not finished, the most expensive first.</summary>
    /// <param name="train">Makes a run: fills in the metrics, which may depend only on the run's values and seed. Several threads call it at
    /// once. It reports divergence in <see cref="RunMetrics.DivergedAt"/>; an exception ends the scan.</param>
    /// <param name="shard">The part of the runs to make.</param>
    /// <param name="cost">The time that a run takes, in any unit, for the order of the runs and the estimate of the time left; by default all
    /// take the same.</param>
    /// <param name="progress">Receives the progress after each run, from any thread.</param>
    /// <param name="workers">Runs at a time, at least 1; −1 for as many as there are cores.</param>
    /// <param name="cancellation">Stops the scan; runs that are not finished are lost, the others are kept.</param>
    /// <exception cref="ArgumentException">There are more shards than runs, or <paramref name="workers"/> is 0.</exception>
    /// <exception cref="InvalidDataException">A line of a file is not a run of the plan.</exception>
    /// <exception cref="IOException">Another process works on the shard, or a run cannot be written.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was requested.</exception>
    public void Run(
        Action<ScanRun, RunMetrics, CancellationToken> train, Shard shard, Func<ScanRun, double>? cost = null,
        IProgress<TrainingScanProgress>? progress = null, int workers = -1, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(train);
        var part = shard.Of(plan.RunCount, "runs");
        using var appender = log.Open(shard);
        var finished = log.Read();
        var costOf = cost ?? (_ => 1);
        var runs = part.Where(index => finished[index] is null).Select(index => plan[index]).OrderByDescending(costOf).ToArray();
        var (start, total, gate, done, count) = (Stopwatch.GetTimestamp(), runs.Sum(costOf), new Lock(), 0.0, 0);
        ParallelWork.Run(runs, workers, cancellation, run =>
        {
            var metrics = new RunMetrics(plan);
            train(run, metrics, cancellation);
            cancellation.ThrowIfCancellationRequested();
            appender.Append(run, metrics);
            progress?.Report(ProgressAfter(run));
        });

        TrainingScanProgress ProgressAfter(ScanRun run)
        {
            lock (gate)
            {
                (done, count) = (done + costOf(run), count + 1);
                var elapsed = Stopwatch.GetElapsedTime(start);
                return new(count, runs.Length, elapsed, done > 0 ? elapsed * Math.Max(0, total / done - 1) : null);
            }
        }
    }
}

/// <summary>One of several parts of a scan, which may run on different machines: every Count-th item from item Index − 1 on.</summary>
public readonly record struct Shard
{
    /// <summary>The whole scan.</summary>
    public static Shard Whole => new(1, 1);

    /// <summary>Makes part <paramref name="index"/> of <paramref name="count"/>.</summary>
    /// <param name="index">1 to <paramref name="count"/>.</param>
    /// <param name="count">At least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public Shard(int index, int count)
    {
        Count = Check.AtLeast(1, count);
        Index = index >= 1 && index <= count ? index
            : throw new ArgumentOutOfRangeException(nameof(index), index, $"Shard {index}/{count}: index is {index}; valid is 1 to {count}.");
    }

    /// <summary>The part's number, from 1.</summary>
    public int Index { get; }

    /// <summary>The number of parts.</summary>
    public int Count { get; }

    /// <summary>Reads "i/n", such as "2/8".</summary>
    /// <exception cref="FormatException">The text is not of this form.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    public static Shard Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split('/');
        return parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? new Shard(index, count)
            : throw new FormatException($"Shard '{text}' is not of the form i/n, such as 2/8: part i of n, with i from 1 to n.");
    }

    /// <summary>The items of this part.</summary>
    /// <param name="total">The number of all items.</param>
    /// <param name="items">The items' name, for the message.</param>
    /// <exception cref="ArgumentException">There are fewer items than parts, or this is default(Shard), which is no part.</exception>
    public IEnumerable<int> Of(int total, string items)
    {
        if (Count == 0) throw new ArgumentException($"default({nameof(Shard)}) is no part of a scan; use {nameof(Shard)}.{nameof(Whole)}.");
        if (Count > total) throw new ArgumentException($"Shard {this}: {Count} shards do not fit {total} {items}; use at most {total}.");
        var (first, step) = (Index - 1, Count);
        return Enumerable.Range(0, total).Where(item => item % step == first);
    }

    /// <summary>The form "i/n".</summary>
    public override string ToString() => $"{Index}/{Count}";
}

internal static class ParallelWork
{
    /// <summary>Works on independent pieces with several threads, which take them one by one in the given order. The first failure keeps
    /// further pieces from starting, and is thrown as it is.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="workers"/> is 0 or below −1 (as many threads as cores).</exception>
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
