using System.Text.Json;

namespace Focus;

/// <summary>The texts of a checkpoint: what kind of file it is, the run's settings, and what the run had come to.</summary>
internal sealed record CheckpointFile(IReadOnlyDictionary<string, string> Settings, Gpt2RunState State)
{
    private const string FormatKey = "format", SettingsKey = "settings", StateKey = "state";
    private const string Format = "Focus GPT-2 checkpoint 1";

    public Dictionary<string, string> ToMetadata() => new()
    {
        [FormatKey] = Format,
        [SettingsKey] = JsonSerializer.Serialize(Settings),
        [StateKey] = JsonSerializer.Serialize(State),
    };

    /// <exception cref="InvalidDataException">The file is not a checkpoint.</exception>
    public static CheckpointFile Parse(IReadOnlyDictionary<string, string> metadata)
    {
        if (metadata.GetValueOrDefault(FormatKey) is var format && format != Format)
            throw new InvalidDataException($"Expected the format '{Format}', found {(format is null ? "none" : $"'{format}'")}.");
        return new CheckpointFile(Part<Dictionary<string, string>>(metadata, SettingsKey), Part<Gpt2RunState>(metadata, StateKey));
    }

    private static T Part<T>(IReadOnlyDictionary<string, string> metadata, string key)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(metadata.GetValueOrDefault(key, "")) ?? throw new JsonException("it is null.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"The metadata '{key}' cannot be read: {error.Message}", error);
        }
    }
}
