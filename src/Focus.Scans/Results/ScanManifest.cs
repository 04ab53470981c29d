using System.Text.Json;
using System.Text.Json.Nodes;

namespace Focus;

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
