using System.Text.Json;

namespace Focus;

/// <summary>The texts of a checkpoint: what kind of file it is, the run's settings, and what the run had come to.</summary>
internal sealed record CheckpointFile(IReadOnlyDictionary<string, string> Settings, Gpt2RunState State)
{
    private const string FormatKey = "format", SettingsKey = "settings", StateKey = "state";
    private const string Format = "Focus GPT-2 checkpoint 1";

    /// <summary>The configuration of the model.</summary>
    /// <exception cref="InvalidDataException">It is missing or describes no model.</exception>
    public Gpt2Config Model
    {
        get
        {
            var config = Parsed<Gpt2Config>(RunSettings.Model, Settings.GetValueOrDefault(RunSettings.Model) ?? "");
            try
            {
                config.Validate();
            }
            catch (ArgumentException error)
            {
                throw new InvalidDataException($"The model's configuration is invalid: {error.Message}", error);
            }
            return config;
        }
    }

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
        return new CheckpointFile(
            Parsed<Dictionary<string, string>>(SettingsKey, metadata.GetValueOrDefault(SettingsKey, "")),
            Parsed<Gpt2RunState>(StateKey, metadata.GetValueOrDefault(StateKey, "")));
    }

    private static T Parsed<T>(string name, string json)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json) ?? throw new JsonException("it is null.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"The metadata '{name}' cannot be read: {error.Message}", error);
        }
    }
}
