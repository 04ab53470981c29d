using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Focus;

namespace Gpt2Sample;

/// <summary>Settings as JSON: what a file leaves out, a preset says.</summary>
internal static class SettingsFile
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        IgnoreReadOnlyProperties = true,
        WriteIndented = true,
        RespectNullableAnnotations = true,
        Converters = { new JsonStringEnumConverter(namingPolicy: null, allowIntegerValues: false) },
    };

    /// <summary>Writes all settings.</summary>
    public static void Write(string path, RunSettings settings) =>
        AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, settings, Format));

    /// <summary>Reads settings, each of which stands in place of the base's.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is no JSON, or names what is no setting, or a value is none of the setting's.</exception>
    public static RunSettings Read(string path, RunSettings otherwise)
    {
        if (!File.Exists(path)) throw new FileNotFoundException($"There is no configuration file '{path}'.", path);
        try
        {
            var given = JsonNode.Parse(File.ReadAllText(path), documentOptions: new()
            {
                CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false,
            });
            var all = ToJson(otherwise);
            Overlay(all, given as JsonObject ?? throw new InvalidDataException("it is no JSON object"), "");
            return FromJson(all);
        }
        catch (Exception fault) when (fault is JsonException or InvalidDataException)
        {
            throw new InvalidDataException($"Configuration file '{path}': {fault.Message}", fault);
        }
    }

    /// <summary>Settings as a tree that can be changed.</summary>
    public static JsonObject ToJson(RunSettings settings) => JsonSerializer.SerializeToNode(settings, Format)!.AsObject();

    /// <exception cref="InvalidDataException">A value is none of the setting's.</exception>
    public static RunSettings FromJson(JsonObject settings)
    {
        try
        {
            return settings.Deserialize<RunSettings>(Format)!;
        }
        catch (JsonException fault) when (fault.Path is { } path)
        {
            throw WrongValue(settings, path.Split('.')[1..], fault);
        }
    }

    /// <summary>The name of a property in JSON.</summary>
    public static string NameOf(string property) => JsonNamingPolicy.CamelCase.ConvertName(property);

    private static void Overlay(JsonObject settings, JsonObject given, string place)
    {
        foreach (var (name, value) in given)
        {
            if (!settings.TryGetPropertyValue(name, out var current))
                throw new InvalidDataException(
                    $"there is no setting '{place}{name}'; there are {string.Join(", ", settings.Select(pair => place + pair.Key))}.");
            if (current is JsonObject inner && value is JsonObject part) Overlay(inner, part, $"{place}{name}.");
            else settings[name] = value?.DeepClone();
        }
    }

    private static InvalidDataException WrongValue(JsonNode? settings, string[] place, JsonException fault)
    {
        var type = typeof(RunSettings);
        foreach (var name in place)
        {
            type = type.GetProperties().Single(property => NameOf(property.Name) == name).PropertyType;
            settings = settings![name];
        }
        var expected = type.IsEnum ? $"one of {string.Join(", ", Enum.GetNames(type))}"
            : type == typeof(string) ? "a text"
            : type == typeof(bool) ? "true or false"
            : type == typeof(double) ? "a number"
            : type.IsPrimitive ? "a whole number"
            : "an object";
        return new($"{string.Join('.', place)} is {settings?.ToJsonString() ?? "null"}; expected {expected}.", fault);
    }
}
