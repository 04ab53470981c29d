using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

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

/// <summary>How well a trainer does at a batch size.</summary>
/// <param name="Trainer">The trainer's name.</param>
/// <param name="BatchSize">The batch size.</param>
/// <param name="FirstRun">The number of the first of the runs, one for each replicate, that did best; −1 where no mean is finite.</param>
/// <param name="LearningRate">Their learning rate; NaN where no mean is finite.</param>
/// <param name="Mean">Their mean: the lowest over learning rates; NaN where none is finite.</param>
/// <param name="StandardDeviation">Their standard deviation (divisor n − 1); NaN with a single replicate.</param>
public readonly record struct ScanScore(
    string Trainer, int BatchSize, int FirstRun, double LearningRate, double Mean, double StandardDeviation);

/// <summary>The mean of a sample, and how far its values scatter.</summary>
/// <param name="Value">The mean.</param>
/// <param name="Variance">The variance with divisor n − 1; NaN for a single value.</param>
/// <param name="Count">The number of values n.</param>
internal readonly record struct SampleMean(double Value, double Variance, int Count)
{
    public static SampleMean None => new(double.NaN, double.NaN, 0);

    public double StandardDeviation => Math.Sqrt(Variance);

    /// <summary>The standard deviation of the mean.</summary>
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

/// <summary>What was measured in a run: a number for each metric and step, NaN where there was no measurement.</summary>
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

    /// <summary>The step, from 1, after which the run could not go on, its loss being no finite number; null for a run that was
    /// finished.</summary>
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
    internal ReadOnlySpan<float> All => values;
}

/// <summary>The finished runs of a scan in a folder: JSON lines, one file for each shard, appended to as runs finish.</summary>
/// <remarks>A file that was cut within its last line lacks that run alone: lines count once their end is there.</remarks>
internal sealed class RunLog(ScanPlan plan, string folder)
{
    private const string Pattern = "runs-*.jsonl";

    /// <summary>Whether the folder holds files of runs, of any plan.</summary>
    public bool Exists => Directory.EnumerateFiles(folder, Pattern).Any();

    /// <summary>Reads what all shards have finished.</summary>
    /// <exception cref="InvalidDataException">A line that is whole is not a run of the plan.</exception>
    public ScanResults Read()
    {
        var results = new ScanResults(plan);
        foreach (var path in Directory.EnumerateFiles(folder, Pattern).Order(StringComparer.Ordinal)) Read(path, results);
        return results;
    }

    /// <summary>Opens a shard's file for more runs.</summary>
    /// <exception cref="IOException">Another process works on the shard, or the file cannot be written.</exception>
    public Appender Open(Shard shard) => new(Path.Combine(folder, $"runs-{shard.Index}-of-{shard.Count}.jsonl"));

    private void Read(string path, ScanResults results)
    {
        // Others may be appending meanwhile.
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        var number = 1;
        for (int start = 0, length; (length = bytes.AsSpan(start).IndexOf((byte)'\n')) >= 0; start += length + 1, number++)
        {
            try
            {
                var (run, metrics) = RunLine.Read(plan, bytes.AsMemory(start, length));
                results.Add(run, metrics);
            }
            catch (InvalidDataException fault)
            {
                throw new InvalidDataException(
                    $"{path}, line {number}: expected a run of this plan as a line of JSON; {fault.Message}. Remove the line to have its run made anew.", fault);
            }
        }
    }

    /// <summary>Appends runs to a shard's file, which is this process's alone meanwhile.</summary>
    internal sealed class Appender : IDisposable
    {
        private readonly FileStream mark;
        private readonly FileStream stream;
        private readonly Lock gate = new();

        public Appender(string path)
        {
            try
            {
                mark = new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            }
            catch (IOException fault) when (File.Exists(path + ".lock"))
            {
                throw new IOException($"{path}: another process is at work on this shard; give this one another shard, or wait.", fault);
            }
            stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
            stream.SetLength(WholeLines());
            stream.Position = stream.Length;
        }

        /// <summary>Appends a line, which is on the disk when the call returns.</summary>
        public void Append(ReadOnlyMemory<byte> line)
        {
            lock (gate)
            {
                stream.Write(line.Span);
                stream.Flush(flushToDisk: true);
            }
        }

        public void Dispose()
        {
            stream.Dispose();
            mark.Dispose();
        }

        /// <summary>The bytes up to the end of the last whole line.</summary>
        private long WholeLines()
        {
            for (var length = stream.Length; length > 0; length--)
            {
                stream.Position = length - 1;
                if (stream.ReadByte() == '\n') return length;
            }
            return 0;
        }
    }
}

/// <summary>A run and its metrics as one line of JSON: its values by name, and each metric as an array over the steps, with null where there
/// was no measurement or it was no finite number.</summary>
internal static class RunLine
{
    private const string Run = "run", Trainer = "trainer", BatchSize = "batch_size", LearningRate = "learning_rate", Replicate = "replicate",
        Seed = "seed", DivergedAt = "diverged_at";

    /// <summary>The names of a run's values, which no metric may have.</summary>
    public static IReadOnlyList<string> Fields { get; } = [Run, Trainer, BatchSize, LearningRate, Replicate, Seed, DivergedAt];

    /// <summary>The line, with its end.</summary>
    public static ReadOnlyMemory<byte> Write(ScanPlan plan, ScanRun run, RunMetrics metrics)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber(Run, run.Index);
            json.WriteString(Trainer, plan.Trainers[run.Trainer]);
            json.WriteNumber(BatchSize, run.BatchSize);
            json.WriteNumber(LearningRate, run.LearningRate);
            json.WriteNumber(Replicate, run.Replicate);
            json.WriteNumber(Seed, run.Seed);
            if (metrics.DivergedAt is { } step) json.WriteNumber(DivergedAt, step);
            else json.WriteNull(DivergedAt);
            for (var metric = 0; metric < metrics.Count; metric++) WriteMetric(json, plan.Metrics[metric], metrics.Of(metric));
            json.WriteEndObject();
        }
        buffer.Write("\n"u8);
        return buffer.WrittenMemory;
    }

    /// <summary>The run's number and its metrics.</summary>
    /// <exception cref="InvalidDataException">The line is not one of this plan; the message says what is wrong with it.</exception>
    public static (int Run, RunMetrics Metrics) Read(ScanPlan plan, ReadOnlyMemory<byte> line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var json = document.RootElement;
            var run = plan[json.GetProperty(Run).GetInt32()];
            if (json.GetProperty(Trainer).GetString() != plan.Trainers[run.Trainer] || json.GetProperty(Seed).GetInt32() != run.Seed)
                throw new InvalidDataException($"run {run.Index} is not the one of this plan");
            var metrics = new RunMetrics(plan);
            if (json.GetProperty(DivergedAt) is { ValueKind: JsonValueKind.Number } step) metrics.DivergedAt = step.GetInt32();
            for (var metric = 0; metric < metrics.Count; metric++) ReadMetric(json.GetProperty(plan.Metrics[metric]), metrics.Of(metric));
            return (run.Index, metrics);
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new InvalidDataException(fault.Message.Split(" (Parameter ")[0], fault);
        }
    }

    private static void WriteMetric(Utf8JsonWriter json, string name, ReadOnlySpan<float> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            if (float.IsFinite(value)) json.WriteNumberValue(value);
            else json.WriteNullValue();
        }
        json.WriteEndArray();
    }

    private static void ReadMetric(JsonElement json, Span<float> values)
    {
        if (json.GetArrayLength() != values.Length)
            throw new InvalidDataException($"a metric has {json.GetArrayLength()} values; expected {values.Length}");
        var step = 0;
        foreach (var value in json.EnumerateArray())
            values[step++] = value.ValueKind == JsonValueKind.Null ? float.NaN : value.GetSingle();
    }
}

/// <summary>A file that says what a scan's results in a folder depend on, but not how the work was divided.</summary>
public static class ScanManifest
{
    /// <summary>The name of the file.</summary>
    public const string FileName = "manifest.json";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Marks a folder as holding results of this description, or checks that it does.</summary>
    /// <param name="folder">A folder that exists.</param>
    /// <param name="description">All that the results depend on.</param>
    /// <param name="hasResults">Whether the folder holds results already; then it must be marked, too.</param>
    /// <exception cref="InvalidOperationException">The folder holds results of something else.</exception>
    /// <exception cref="InvalidDataException">The file is not JSON.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Claim(string folder, JsonObject description, bool hasResults)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(description);
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            if (hasResults)
                throw new InvalidOperationException(
                    $"{folder} holds results but no {FileName} that says what they are of; copy it from the folder they are from, or use another.");
            try
            {
                AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, description, Indented), replace: false);
                return;
            }
            catch (IOException) when (File.Exists(path))
            {
                // Another shard was faster; what it wrote is checked below.
            }
        }
        Compare(path, description);
    }

    private static void Compare(string path, JsonObject description)
    {
        var known = Read(path);
        foreach (var name in description.Select(property => property.Key).Union(known.Select(property => property.Key)))
        {
            var (wanted, found) = (Text(description[name]), Text(known[name]));
            if (wanted != found)
                throw new InvalidOperationException(
                    $"{path}: the folder holds results with {name} = {found}, this scan has {wanted}. Use another folder, or the settings of these results.");
        }
    }

    private static JsonObject Read(string path)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(path))?.AsObject() ?? throw new JsonException("It is null.");
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path}: expected a JSON object that describes a scan. {fault.Message}", fault);
        }
    }

    private static string Text(JsonNode? node)
    {
        const int longest = 120;
        var text = node?.ToJsonString() ?? "none";
        return text.Length <= longest ? text : $"{text[..longest]}… ({text.Length} characters, hash {new StreamKey(0).With(text).State().Low:x})";
    }
}
