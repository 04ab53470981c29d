using System.Globalization;
using System.Text.Json;

namespace Focus;

/// <summary>The settings that decide what comes of a run, each as a text: a run is continued only where all are as they were.</summary>
/// <remarks>The length of the run is not among them: a run that is over may be prolonged.</remarks>
internal static class RunSettings
{
    /// <summary>The name of the model's configuration, in JSON.</summary>
    public const string Model = "Model";

    public static IReadOnlyDictionary<string, string> Of(Gpt2Config model, Gpt2TrainingOptions options, long trainTokens)
        => new Dictionary<string, string>
        {
            [Model] = JsonSerializer.Serialize(model),
            [nameof(options.Optimizer)] = Text(options.Optimizer),
            [nameof(options.Schedule)] = options.HasDefaultSchedule ? "the default" : Text(options.Schedule),
            [nameof(options.BatchSize)] = Text(options.BatchSize),
            [nameof(options.AccumulationSteps)] = Text(options.AccumulationSteps),
            [nameof(options.ClipNorm)] = options.ClipNorm is { } norm ? Text(norm) : "none",
            [nameof(options.Precision)] = options.Precision.ToString(),
            [nameof(options.Seed)] = Text(options.Seed ?? 0),
            ["Training tokens"] = Text(trainTokens),
        };

    /// <summary>The first setting that differs.</summary>
    public static (string Name, string Expected, string Found)? Difference(
        IReadOnlyDictionary<string, string> expected, IReadOnlyDictionary<string, string> found)
    {
        foreach (var (name, value) in expected)
            if (found.GetValueOrDefault(name, "missing") is var other && other != value) return (name, value, other);
        return null;
    }

    private static string Text(IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture);

    private static string Text(object record) => $"{record.GetType().Name} {JsonSerializer.Serialize(record, record.GetType())}";
}
