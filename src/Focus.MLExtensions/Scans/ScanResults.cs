namespace Focus;

/// <summary>The finished runs of a plan, and their summaries.</summary>
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

    /// <summary>The number of finished runs, including those that diverged.</summary>
    public int FinishedRuns => runs.Count(run => run is not null);

    /// <summary>The number of runs that diverged.</summary>
    public int DivergedRuns => runs.Count(run => run?.DivergedAt is not null);

    /// <summary>Whether all runs are finished.</summary>
    public bool IsComplete => runs.All(run => run is not null);

    /// <summary>The metrics of a run, or null if it is not finished.</summary>
    /// <param name="run">Its number in the plan.</param>
    public RunMetrics? this[int run] => runs[run];

    /// <summary>A trainer's best learning rate at a batch size: the one with the lowest mean, over replicates, of a metric after the last
    /// step. A learning rate at which a run diverged is never the best.</summary>
    /// <param name="trainer">The index of the trainer.</param>
    /// <param name="batchSize">The index of the batch size.</param>
    /// <param name="metric">The index of the metric.</param>
    /// <returns>The score, NaN if no mean is finite; null if not all of the runs are finished.</returns>
    public ScanScore? Best(int trainer, int batchSize, int metric)
    {
        var task = TaskOf(trainer, batchSize);
        if (!IsTaskComplete(task)) return null;
        var best = new ScanScore(Plan.Trainers[trainer], Plan.BatchSizes[batchSize], -1, double.NaN, double.NaN, double.NaN);
        for (var rate = 0; rate < Plan.LearningRates.Count; rate++)
        {
            var first = task * Plan.RunsPerTask + rate * Plan.Replicates;
            var mean = FinalMean(first, metric);
            if (double.IsFinite(mean.Value) && !(mean.Value >= best.Mean))
                best = new(best.Trainer, best.BatchSize, first, Plan.LearningRates[rate], mean.Value, mean.StandardDeviation);
        }
        return best;
    }

    /// <summary>Writes a table: for each finished pair of trainer and batch size the best learning rate, the mean of each metric after the
    /// last step of those runs with its standard deviation over replicates, and how many of the pair's runs diverged.</summary>
    /// <param name="path">The file; an existing one is replaced.</param>
    /// <param name="metric">The index of the metric that decides which learning rate is best.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void WriteCsv(string path, int metric) => CsvFile.Write(
        path,
        ["trainer", "batch_size", "learning_rate", .. Plan.Metrics.SelectMany(name => new[] { name, $"{name}_standard_deviation" }), "diverged_runs"],
        from trainer in Enumerable.Range(0, Plan.Trainers.Count)
        from size in Enumerable.Range(0, Plan.BatchSizes.Count)
        let score = Best(trainer, size, metric)
        where score is not null
        let best = score.Value
        let means = Enumerable.Range(0, Plan.Metrics.Count).Select(column => FinalMean(best.FirstRun, column))
        select (object[])
        [
            best.Trainer, best.BatchSize, best.LearningRate,
            .. means.SelectMany(mean => new object[] { mean.Value, mean.StandardDeviation }),
            Task(TaskOf(trainer, size)).Count(run => run!.DivergedAt is not null),
        ]);

    /// <summary>Writes each finished task as <c>{prefix}-{task}.npy</c>, float32 of shape (learning rate, replicate, metric, step), with NaN
    /// where there was no measurement.</summary>
    /// <param name="folder">The folder of the files; existing ones are replaced.</param>
    /// <param name="prefix">The start of the files' names.</param>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public void WriteArrays(string folder, string prefix)
    {
        int[] shape = [Plan.LearningRates.Count, Plan.Replicates, Plan.Metrics.Count, Plan.Steps];
        for (var task = 0; task < Plan.TaskCount; task++)
        {
            if (!IsTaskComplete(task)) continue;
            float[] values = [.. Task(task).SelectMany(run => run!.All)];
            NpyFile.Write(Path.Combine(folder, $"{prefix}-{task}.npy"), values, shape, replace: true);
        }
    }

    /// <summary>Adds a run, unless it is there already.</summary>
    internal void Add(int run, RunMetrics metrics) => runs[run] ??= metrics;

    private int TaskOf(int trainer, int batchSize) => trainer * Plan.BatchSizes.Count + batchSize;

    private ArraySegment<RunMetrics?> Task(int task) => new(runs, task * Plan.RunsPerTask, Plan.RunsPerTask);

    private bool IsTaskComplete(int task) => Task(task).All(run => run is not null);

    /// <summary>The mean of a metric after the last step over the replicates from a run on; NaN if there is no such run (−1).</summary>
    private SampleMean FinalMean(int firstRun, int metric) =>
        SampleMean.Of([.. runs.Skip(firstRun).Take(firstRun < 0 ? 0 : Plan.Replicates).Select(run => (double)run!.Final(metric))]);
}

/// <summary>The score of a trainer at a batch size.</summary>
/// <param name="Trainer">The trainer's name.</param>
/// <param name="BatchSize">The batch size.</param>
/// <param name="FirstRun">The number of the first of the best runs, one for each replicate; −1 if no mean is finite.</param>
/// <param name="LearningRate">Their learning rate; NaN if no mean is finite.</param>
/// <param name="Mean">Their mean: the lowest over learning rates; NaN if none is finite.</param>
/// <param name="StandardDeviation">Their standard deviation (divisor n − 1); NaN with a single replicate.</param>
public readonly record struct ScanScore(
    string Trainer, int BatchSize, int FirstRun, double LearningRate, double Mean, double StandardDeviation);

/// <summary>The mean and the variance of a sample.</summary>
/// <param name="Value">The mean.</param>
/// <param name="Variance">The variance with divisor n − 1; NaN for a single value.</param>
/// <param name="Count">The number of values n.</param>
internal readonly record struct SampleMean(double Value, double Variance, int Count)
{
    public double StandardDeviation => Math.Sqrt(Variance);
    public double StandardError => Math.Sqrt(Variance / Count);

    /// <summary>Of every <paramref name="stride"/>-th value, from the first.</summary>
    public static SampleMean Of(ReadOnlySpan<double> values, int stride = 1)
    {
        var count = values.Length / stride;
        var (sum, squares) = (0.0, 0.0);
        for (var i = 0; i < values.Length; i += stride) sum += values[i];
        var mean = sum / count;
        for (var i = 0; i < values.Length; i += stride) squares += (values[i] - mean) * (values[i] - mean);
        return new(mean, count > 1 ? squares / (count - 1.0) : double.NaN, count);
    }
}

/// <summary>The measurements of a run: a number for each metric and step, NaN where there was no measurement.</summary>
public sealed class RunMetrics
{
    private readonly float[] values;

    internal RunMetrics(ScanPlan plan)
    {
        (Count, Steps) = (plan.Metrics.Count, plan.Steps);
        values = new float[Count * Steps];
        Array.Fill(values, float.NaN);
    }

    /// <summary>The number of metrics.</summary>
    public int Count { get; }

    /// <summary>The steps of the run.</summary>
    public int Steps { get; }

    /// <summary>The step, from 1, at which the loss was not finite and the run ended; null if it did not diverge.</summary>
    public int? DivergedAt { get; set; }

    /// <summary>A metric after a step.</summary>
    /// <param name="metric">The index of the metric in the plan.</param>
    /// <param name="step">1 to <see cref="Steps"/>.</param>
    public float this[int metric, int step]
    {
        get => Of(metric)[step - 1];
        set => Of(metric)[step - 1] = value;
    }

    /// <summary>A metric after the last step; NaN for a run that diverged.</summary>
    public float Final(int metric) => DivergedAt is null ? this[metric, Steps] : float.NaN;

    /// <summary>A metric after each step.</summary>
    public Span<float> Of(int metric) => values.AsSpan(metric * Steps, Steps);

    /// <summary>All numbers, ordered metric, step.</summary>
    internal IReadOnlyList<float> All => values;
}
