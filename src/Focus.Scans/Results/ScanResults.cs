using System.Globalization;

namespace Focus;

/// <summary>The finished runs of a plan, and what they come to.</summary>
public sealed class ScanResults
{
    private readonly RunMetrics?[] runs;

    internal ScanResults(ScanPlan plan)
    {
        Plan = plan;
        runs = new RunMetrics?[plan.RunCount];
    }

    /// <summary>The plan.</summary>
    public ScanPlan Plan { get; }

    /// <summary>The number of runs that are finished, those that diverged among them.</summary>
    public int FinishedRuns => runs.Count(run => run is not null);

    /// <summary>The number of runs that diverged.</summary>
    public int DivergedRuns => runs.Count(run => run?.DivergedAt is not null);

    /// <summary>Whether all runs are finished.</summary>
    public bool IsComplete => runs.All(run => run is not null);

    /// <summary>The metrics of a run, or null where it is not finished.</summary>
    /// <param name="run">Its number in the plan.</param>
    public RunMetrics? this[int run] => runs[run];

    /// <summary>The learning rate at which a trainer does best at a batch size: that of the lowest mean, over replicates, of a metric after
    /// the last step. A learning rate at which a run diverged is never the best.</summary>
    /// <param name="trainer">The index of the trainer.</param>
    /// <param name="batchSize">The index of the batch size.</param>
    /// <param name="metric">The index of the metric.</param>
    /// <returns>The score, NaN where no mean is finite; null where not all of the runs are finished.</returns>
    public ScanScore? Best(int trainer, int batchSize, int metric)
    {
        var task = TaskOf(trainer, batchSize);
        if (!IsTaskComplete(task)) return null;
        var first = task * Plan.RunsPerTask;
        var best = new ScanScore(Plan.Trainers[trainer], Plan.BatchSizes[batchSize], -1, double.NaN, double.NaN, double.NaN);
        for (var rate = 0; rate < Plan.LearningRates.Count; rate++, first += Plan.Replicates)
        {
            var losses = runs.AsSpan(first, Plan.Replicates);
            var mean = SampleMean.Of([.. losses.ToArray().Select(run => (double)run!.Final(metric))]);
            if (!double.IsFinite(mean.Value) || mean.Value >= best.Mean) continue;
            best = best with
            {
                FirstRun = first, LearningRate = Plan.LearningRates[rate], Mean = mean.Value, StandardDeviation = mean.StandardDeviation,
            };
        }
        return best;
    }

    /// <summary>Writes a table: for each finished point of trainer and batch size the best learning rate, the mean of each metric after the
    /// last step of those runs with its standard deviation over replicates, and how many of the point's runs diverged.</summary>
    /// <param name="path">Where; a file that is there is replaced.</param>
    /// <param name="metric">The index of the metric that says what is best.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void WriteCsv(string path, int metric) => AtomicFile.Write(path, stream =>
    {
        using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
        writer.Write("trainer,batch_size,learning_rate");
        foreach (var name in Plan.Metrics) writer.Write($",{name},{name}_standard_deviation");
        writer.WriteLine(",diverged_runs");
        for (var trainer = 0; trainer < Plan.Trainers.Count; trainer++)
        {
            for (var size = 0; size < Plan.BatchSizes.Count; size++)
            {
                if (Best(trainer, size, metric) is not { } best) continue;
                writer.Write(string.Create(CultureInfo.InvariantCulture, $"{best.Trainer},{best.BatchSize},{best.LearningRate:R}"));
                for (var column = 0; column < Plan.Metrics.Count; column++)
                {
                    var mean = best.FirstRun < 0 ? SampleMean.None : MeanOfPoint(best.FirstRun, column);
                    writer.Write(string.Create(CultureInfo.InvariantCulture, $",{mean.Value:R},{mean.StandardDeviation:R}"));
                }
                writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $",{Task(TaskOf(trainer, size)).Count(run => run!.DivergedAt is not null)}"));
            }
        }
    });

    /// <summary>Writes each finished task as <c>{prefix}-{task}.npy</c>, float32 of shape (learning rate, replicate, metric, step), with NaN
    /// where there was no measurement.</summary>
    /// <param name="folder">Where; files that are there are replaced.</param>
    /// <param name="prefix">What the names start with.</param>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public void WriteArrays(string folder, string prefix)
    {
        int[] shape = [Plan.LearningRates.Count, Plan.Replicates, Plan.Metrics.Count, Plan.Steps];
        var values = new float[Plan.RunsPerTask * Plan.Metrics.Count * Plan.Steps];
        for (var task = 0; task < Plan.TaskCount; task++)
        {
            if (!IsTaskComplete(task)) continue;
            var rest = values.AsSpan();
            foreach (var run in Task(task))
            {
                run!.All.CopyTo(rest);
                rest = rest[run.All.Length..];
            }
            NpyFile.Write(Path.Combine(folder, $"{prefix}-{task}.npy"), values, shape, replace: true);
        }
    }

    /// <summary>Adds a run; what is there already stays.</summary>
    internal void Add(int run, RunMetrics metrics) => runs[run] ??= metrics;

    private int TaskOf(int trainer, int batchSize) => trainer * Plan.BatchSizes.Count + batchSize;

    private IEnumerable<RunMetrics?> Task(int task) => runs.Skip(task * Plan.RunsPerTask).Take(Plan.RunsPerTask);

    private bool IsTaskComplete(int task) => Task(task).All(run => run is not null);

    private SampleMean MeanOfPoint(int firstRun, int metric) =>
        SampleMean.Of([.. runs.Skip(firstRun).Take(Plan.Replicates).Select(run => (double)run!.Final(metric))]);
}
