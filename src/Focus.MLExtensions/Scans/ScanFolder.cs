using System.Text.Json;
using System.Text.Json.Nodes;

namespace Focus;

/// <summary>The finished runs of a scan in a folder: JSON lines, one file for each shard, appended to as runs finish.</summary>
/// <remarks>A line holds a run's values by name, and each metric as an array over the steps, with null where there was no measurement or it
/// was not finite. A line counts once its end is written, so a file that was cut within its last line lacks only that run.</remarks>
internal sealed class RunLog(ScanPlan plan, string folder)
{
    private const string Pattern = "runs-*.jsonl";
    private const string Run = "run", Trainer = "trainer", BatchSize = "batch_size", LearningRate = "learning_rate", Replicate = "replicate",
        Seed = "seed", DivergedAt = "diverged_at";

    /// <summary>The names of a run's values, which no metric may have.</summary>
    public static IReadOnlyList<string> Fields { get; } = [Run, Trainer, BatchSize, LearningRate, Replicate, Seed, DivergedAt];

    /// <summary>Whether the folder holds files of runs, of any plan.</summary>
    public bool Exists => Directory.EnumerateFiles(folder, Pattern).Any();

    public ScanResults Read()
    {
        var results = new ScanResults(plan);
        foreach (var path in Directory.EnumerateFiles(folder, Pattern).Order(StringComparer.Ordinal)) Read(path, results);
        return results;
    }

    public Appender Open(Shard shard) => new(this, Path.Combine(folder, $"runs-{shard.Index}-of-{shard.Count}.jsonl"));

    private void Read(string path, ScanResults results)
    {
        // Other processes may be appending at the same time.
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        var number = 1;
        for (int start = 0, length; (length = bytes.AsSpan(start).IndexOf((byte)'\n')) >= 0; start += length + 1, number++)
        {
            try
            {
                var (run, metrics) = ReadLine(bytes.AsMemory(start, length));
                results.Add(run, metrics);
            }
            catch (Exception fault) when (
                fault is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
            {
                throw new InvalidDataException(
                    $"{path}, line {number}: expected a run of this plan as a line of JSON; {Check.Reason(fault)}. Remove the line to repeat its run.", fault);
            }
        }
    }

    private byte[] Line(ScanRun run, RunMetrics metrics)
    {
        var line = new JsonObject
        {
            [Run] = run.Index,
            [Trainer] = plan.Trainers[run.Trainer],
            [BatchSize] = run.BatchSize,
            [LearningRate] = run.LearningRate,
            [Replicate] = run.Replicate,
            [Seed] = run.Seed,
            [DivergedAt] = metrics.DivergedAt,
        };
        for (var metric = 0; metric < metrics.Count; metric++)
            line[plan.Metrics[metric]] = ScanManifest.List(
                metrics.Of(metric).ToArray().Select(value => float.IsFinite(value) ? value : (float?)null));
        return [.. JsonSerializer.SerializeToUtf8Bytes(line), (byte)'\n'];
    }

    /// <summary>The run's number and its metrics. A line that is not a run of the plan ends in an exception of
    /// <see cref="JsonDocument"/> or an <see cref="ArgumentException"/>, whose message says why.</summary>
    private (int Run, RunMetrics Metrics) ReadLine(ReadOnlyMemory<byte> line)
    {
        using var document = JsonDocument.Parse(line);
        var json = document.RootElement;
        var run = plan[json.GetProperty(Run).GetInt32()];
        if (json.GetProperty(Trainer).GetString() != plan.Trainers[run.Trainer] || json.GetProperty(Seed).GetInt32() != run.Seed)
            throw new ArgumentException($"run {run.Index} of this plan has trainer {plan.Trainers[run.Trainer]} and seed {run.Seed}");
        var metrics = new RunMetrics(plan);
        if (json.GetProperty(DivergedAt) is { ValueKind: JsonValueKind.Number } step) metrics.DivergedAt = step.GetInt32();
        for (var metric = 0; metric < metrics.Count; metric++)
        {
            var values = metrics.Of(metric);
            var found = json.GetProperty(plan.Metrics[metric]);
            if (found.GetArrayLength() != values.Length)
                throw new ArgumentException($"{plan.Metrics[metric]} has {found.GetArrayLength()} values; expected {values.Length}");
            for (var i = 0; i < values.Length; i++) values[i] = found[i].ValueKind == JsonValueKind.Null ? float.NaN : found[i].GetSingle();
        }
        return (run.Index, metrics);
    }

    /// <summary>Appends runs to a shard's file, which no other process can do meanwhile.</summary>
    internal sealed class Appender : IDisposable
    {
        private readonly RunLog log;
        private readonly FileStream mark;
        private readonly FileStream stream;
        private readonly Lock gate = new();

        public Appender(RunLog log, string path)
        {
            this.log = log;
            try
            {
                mark = new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            }
            catch (IOException fault) when (File.Exists(path + ".lock"))
            {
                throw new IOException($"{path}: another process works on this shard; choose another shard, or wait.", fault);
            }
            stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            stream.SetLength(bytes.AsSpan().LastIndexOf((byte)'\n') + 1); // Without a line that was cut.
            stream.Seek(0, SeekOrigin.End);
        }

        /// <summary>Appends a run, which is on the disk when the call returns.</summary>
        public void Append(ScanRun run, RunMetrics metrics)
        {
            var line = log.Line(run, metrics);
            lock (gate)
            {
                stream.Write(line);
                stream.Flush(flushToDisk: true);
            }
        }

        public void Dispose()
        {
            stream.Dispose();
            mark.Dispose();
        }
    }
}

/// <summary>The file in a scan's folder that says what the results depend on; that is not how the work was divided.</summary>
public static class ScanManifest
{
    /// <summary>The name of the file.</summary>
    public const string FileName = "manifest.json";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes the description of a folder's results, or checks that the folder has the same one.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <param name="description">All that the results depend on.</param>
    /// <param name="hasResults">Whether the folder holds results already; then it must have a description.</param>
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
                    $"{folder} holds results but no {FileName} that describes them; copy it from their original folder, or use another folder.");
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
        var known = Read(path);
        foreach (var name in description.Select(property => property.Key).Union(known.Select(property => property.Key)))
        {
            var (wanted, found) = (Text(description[name]), Text(known[name]));
            if (wanted != found)
                throw new InvalidOperationException(
                    $"{path}: the folder holds results with {name} = {found}, this scan has {wanted}. Use another folder or the same settings.");
        }
    }

    internal static JsonArray List<T>(IEnumerable<T> values) => new([.. values.Select(value => JsonValue.Create(value))]);

    private static JsonObject Read(string path)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(path), null, new() { AllowDuplicateProperties = false })?.AsObject()
                ?? throw new JsonException("It is null.");
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
