using System.Diagnostics;

namespace Focus;

/// <summary>How far a scan has come.</summary>
/// <param name="Runs">Runs finished so far.</param>
/// <param name="TotalRuns">Runs to make; those that were finished before do not count.</param>
/// <param name="Elapsed">The time since the scan began.</param>
/// <param name="Remaining">The time left at the speed so far; null before the first run is finished.</param>
public readonly record struct TrainingScanProgress(int Runs, int TotalRuns, TimeSpan Elapsed, TimeSpan? Remaining);

/// <summary>Makes the runs of a plan in parallel and keeps every finished one in a folder.</summary>
/// <remarks>
/// A finished run is a line of JSON in <c>runs-{i}-of-{n}.jsonl</c>, the file of shard i/n. Finished runs are never made again, so a scan can
/// be stopped and taken up again, by other shards, too; a file cut short lacks its last run alone. Shards that do not share a folder are
/// merged by copying their files into one of the folders, beside its <c>manifest.json</c>, and running the scan there once more. As each run
/// has a seed of its own, results do not depend on workers, shards and order.
/// </remarks>
public sealed class TrainingScan
{
    private readonly ScanPlan plan;
    private readonly RunLog log;

    /// <summary>Opens a folder for a scan, new or begun.</summary>
    /// <param name="plan">The runs.</param>
    /// <param name="folder">The folder of the results; it is made where it is not there.</param>
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

    /// <summary>What the shards in the folder have finished so far.</summary>
    /// <exception cref="InvalidDataException">A line of a file is not a run of the plan.</exception>
    public ScanResults Read() => log.Read();

    /// <summary>Makes the runs of a shard that are not finished, the most expensive first.</summary>
    /// <param name="train">Makes a run: from its coordinates and seed, and nothing else that changes, it fills in the metrics. It is called by
    /// several threads at once. A run that diverges says so in <see cref="RunMetrics.DivergedAt"/>; what is thrown ends the scan.</param>
    /// <param name="shard">Which runs.</param>
    /// <param name="cost">How long a run takes, in any unit, so that the time left can be told; by default all take the same.</param>
    /// <param name="progress">Is told after each run, by any thread.</param>
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
        var runs = part.Where(index => finished[index] is null).Select(index => plan[index])
            .OrderByDescending(costOf).ToArray();
        var pace = new Pace(runs, costOf);
        ParallelWork.Run(runs, workers, cancellation, run =>
        {
            var metrics = new RunMetrics(plan);
            train(run, metrics, cancellation);
            cancellation.ThrowIfCancellationRequested();
            appender.Append(RunLine.Write(plan, run, metrics));
            progress?.Report(pace.After(run));
        });
    }

    /// <summary>Tells the time left from the cost of what is done and what is not.</summary>
    private sealed class Pace(ScanRun[] runs, Func<ScanRun, double> cost)
    {
        private readonly long start = Stopwatch.GetTimestamp();
        private readonly double total = runs.Sum(cost);
        private readonly Lock gate = new();
        private double done;
        private int count;

        public TrainingScanProgress After(ScanRun run)
        {
            lock (gate)
            {
                (done, count) = (done + cost(run), count + 1);
                var elapsed = Stopwatch.GetElapsedTime(start);
                return new(count, runs.Length, elapsed, done > 0 ? elapsed * Math.Max(0, total / done - 1) : null);
            }
        }
    }
}
