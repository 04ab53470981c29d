using System.Text.Json;
using System.Text.Json.Nodes;

namespace Focus;

/// <summary>A file that says what a folder's results are of: grid, settings and seed, but not how the work is divided.</summary>
internal static class ScanManifest
{
    public const string FileName = "manifest.json";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static JsonObject Describe(LandscapeSimulator.Options options, PhaseGrid grid) => new()
    {
        ["format"] = "focus-landscape-scan-1",
        ["landscape"] = options.Landscape.Name,
        ["dimensions"] = options.Dimensions,
        ["angle"] = options.Dimensions == 2 ? options.Angle : null,
        ["rows"] = grid.Axis.ToString(),
        ["row_values"] = Values(grid.Rows),
        ["noise"] = Values(grid.Noise),
        ["sharpness"] = grid.Axis == PhaseAxis.Sharpness ? null : grid.Cell.Sharpness,
        ["weight_decay"] = grid.Axis == PhaseAxis.WeightDecay ? null : grid.Cell.WeightDecay,
        ["slope"] = grid.Cell.Slope,
        ["optimizers"] = new JsonArray([.. options.Optimizers.Select(optimizer => (JsonNode)optimizer.ToString())]),
        ["learning_rates"] = Values(options.LearningRates),
        ["replicates"] = options.Replicates,
        ["steps"] = options.Steps,
        ["start_spread"] = options.StartSpread,
        ["seed"] = options.Seed,
        ["noise_mode"] = options.NoiseMode.ToString(),
        ["recording"] = options.Recording.ToString(),
    };

    /// <summary>Marks a folder as holding results of this description, or checks that it does.</summary>
    /// <exception cref="InvalidOperationException">The folder holds results of something else.</exception>
    public static void Claim(string folder, JsonObject description, bool hasResults)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            if (hasResults)
                throw new InvalidOperationException($"{folder} holds results but no {FileName} that says what they are of; use another folder, or move them.");
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

    private static JsonArray Values(IReadOnlyList<double> values) => new([.. values.Select(value => (JsonNode)value)]);
}
