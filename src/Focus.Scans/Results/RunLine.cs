using System.Buffers;
using System.Text.Json;

namespace Focus;

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
