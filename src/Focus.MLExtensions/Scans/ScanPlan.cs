using System.Text.Json.Nodes;

namespace Focus;

/// <summary>Independent training runs: trainers × batch sizes × learning rates × replicates.</summary>
/// <remarks>Runs are numbered in this order, the replicate varying fastest. A run's seed derives from the plan's seed and the run's own
/// values, so a run that is in two plans of one seed is the same in both.</remarks>
public sealed record ScanPlan
{
    private const string ValidName = "a name without commas, quotes and line breaks";

    /// <summary>What else the results depend on: model, data, the trainers' settings. Written beside the results, and compared when a scan
    /// is resumed.</summary>
    public required JsonObject Settings { get; init; }

    /// <summary>The trainers' names, all different, without commas, quotes and line breaks.</summary>
    public required IReadOnlyList<string> Trainers { get; init; }

    /// <summary>The batch sizes, each at least 1, all different.</summary>
    public required IReadOnlyList<int> BatchSizes { get; init; }

    /// <summary>The learning rates, each finite and above 0, all different.</summary>
    public required IReadOnlyList<double> LearningRates { get; init; }

    /// <summary>The names of what is recorded of each run, at least one; all different, without commas, quotes and line breaks, and none
    /// of run, trainer, batch_size, learning_rate, replicate, seed, diverged_at.</summary>
    public required IReadOnlyList<string> Metrics { get; init; }

    /// <summary>Runs of each trainer, batch size and learning rate, at least 1.</summary>
    public int Replicates { get; init; } = 3;

    /// <summary>Steps of each run, at least 1.</summary>
    public int Steps { get; init; } = 400;

    /// <summary>Seeds all runs.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>The number of runs.</summary>
    public int RunCount => TaskCount * RunsPerTask;

    /// <summary>The number of tasks: trainers × batch sizes, task = trainer · batch sizes + batch size.</summary>
    public int TaskCount => Trainers.Count * BatchSizes.Count;

    /// <summary>The runs of one task: learning rates × replicates.</summary>
    public int RunsPerTask => LearningRates.Count * Replicates;

    /// <summary>A run by its number.</summary>
    /// <param name="index">0 to <see cref="RunCount"/> − 1.</param>
    public ScanRun this[int index]
    {
        get
        {
            Check.Between(0, RunCount - 1, index);
            var (rest, replicate) = Math.DivRem(index, Replicates);
            (rest, var rate) = Math.DivRem(rest, LearningRates.Count);
            var (trainer, size) = Math.DivRem(rest, BatchSizes.Count);
            var key = new StreamKey(Seed).With(Trainers[trainer]).With((ulong)BatchSizes[size]).With(LearningRates[rate]).With((ulong)replicate);
            return new(index, trainer, BatchSizes[size], LearningRates[rate], replicate, (int)(key.State().Low & int.MaxValue));
        }
    }

    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentException">One is outside its range; the message names it.</exception>
    public void Validate()
    {
        ArgumentNullException.ThrowIfNull(Settings);
        Check.Distinct(Trainers, IsName, ValidName);
        Check.Distinct(BatchSizes, size => size >= 1, "a whole number, at least 1");
        Check.Distinct(LearningRates, rate => double.IsFinite(rate) && rate > 0, "a finite number above 0");
        Check.Distinct(
            Metrics, name => IsName(name) && !RunLog.Fields.Contains(name), $"{ValidName}, and none of {string.Join(", ", RunLog.Fields)}");
        Check.AtLeast(1, Replicates);
        Check.AtLeast(1, Steps);
        var values = (double)TaskCount * RunsPerTask * Metrics.Count * Steps;
        if (values > Array.MaxLength)
            throw new ArgumentException($"The plan records {values:G3} numbers; at most {Array.MaxLength} can be held. Use several smaller plans.");
    }

    /// <summary>All that the results depend on.</summary>
    internal JsonObject Describe() => new()
    {
        ["format"] = "focus-training-scan-1",
        ["settings"] = Settings.DeepClone(),
        ["trainers"] = ScanManifest.List(Trainers),
        ["batch_sizes"] = ScanManifest.List(BatchSizes),
        ["learning_rates"] = ScanManifest.List(LearningRates),
        ["metrics"] = ScanManifest.List(Metrics),
        ["replicates"] = Replicates,
        ["steps"] = Steps,
        ["seed"] = Seed,
    };

    /// <summary>Whether a name can be written to tables as it is.</summary>
    private static bool IsName(string name) => !string.IsNullOrWhiteSpace(name) && name.AsSpan().IndexOfAny(",\"\r\n") < 0;
}

/// <summary>One training run of a plan.</summary>
/// <param name="Index">Its number in the plan, from 0.</param>
/// <param name="Trainer">The index of its trainer.</param>
/// <param name="BatchSize">Its batch size.</param>
/// <param name="LearningRate">Its learning rate.</param>
/// <param name="Replicate">Its number among the runs with the same settings, from 0.</param>
/// <param name="Seed">Its own seed, at least 0.</param>
public readonly record struct ScanRun(int Index, int Trainer, int BatchSize, double LearningRate, int Replicate, int Seed);
