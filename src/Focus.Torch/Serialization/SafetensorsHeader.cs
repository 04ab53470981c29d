using System.Text.Json;
using static TorchSharp.torch;

namespace Focus;

/// <summary>A tensor's place in a safetensors file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">The type of its elements.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Start">Where its bytes begin, counted from the end of the header.</param>
internal sealed record SafetensorsEntry(string Name, SafetensorsType Type, long[] Shape, long Start)
{
    /// <summary>The size in bytes.</summary>
    public long Length { get; } = Shape.Aggregate((long)Type.Size, (length, dimension) => checked(length * dimension));

    public long End => checked(Start + Length);
}

/// <summary>The header of a safetensors file: its tensors in the order of their bytes, without gaps, and its metadata.</summary>
internal sealed class SafetensorsHeader
{
    public const int LongestJson = 100_000_000;

    private const string MetadataName = "__metadata__";
    private const int Alignment = 8;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private SafetensorsHeader(IReadOnlyList<SafetensorsEntry> entries, IReadOnlyDictionary<string, string> metadata)
        => (Entries, Metadata) = (entries, metadata);

    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The bytes of all tensors.</summary>
    public long DataLength => Entries.Count == 0 ? 0 : Entries[^1].End;

    /// <summary>A header for tensors that follow in the order given.</summary>
    /// <param name="tensors">The tensors by name.</param>
    /// <param name="metadata">Texts to keep with them.</param>
    /// <param name="converted">The type they are written in, or null for their own.</param>
    public static SafetensorsHeader Of(
        IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata, ScalarType? converted)
    {
        var entries = new List<SafetensorsEntry>();
        var names = new HashSet<string> { MetadataName };
        foreach (var (name, tensor) in tensors)
        {
            if (!names.Add(name)) throw new ArgumentException($"The tensor name '{name}' stands twice or is reserved.", nameof(tensors));
            var type = SafetensorsType.Of(converted ?? tensor.dtype)
                ?? throw new ArgumentException(
                    $"Tensor '{name}' is to be written as {converted ?? tensor.dtype}, which safetensors files do not hold.", nameof(tensors));
            entries.Add(new SafetensorsEntry(name, type, tensor.shape, entries.Count == 0 ? 0 : entries[^1].End));
        }
        return new SafetensorsHeader(entries, metadata ?? new Dictionary<string, string>());
    }

    /// <summary>Reads a header.</summary>
    /// <exception cref="InvalidDataException">It is not one.</exception>
    public static SafetensorsHeader Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            var metadata = new Dictionary<string, string>();
            var entries = new List<SafetensorsEntry>();
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (property.Name != MetadataName) entries.Add(ParseEntry(property));
                else foreach (var text in property.Value.EnumerateObject()) metadata[text.Name] = ParseText(text);
            }
            entries.Sort((a, b) => (a.Start, a.End).CompareTo((b.Start, b.End)));
            RequireSeamless(entries);
            return new SafetensorsHeader(entries, metadata);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or OverflowException)
        {
            throw new InvalidDataException($"Safetensors: expected a header of tensors with dtype, shape and data_offsets, but {error.Message}", error);
        }
    }

    /// <summary>The header as JSON, padded with blanks so that the tensors' bytes are aligned.</summary>
    public byte[] ToJson()
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            if (Metadata.Count > 0)
            {
                writer.WritePropertyName(MetadataName);
                JsonSerializer.Serialize(writer, Metadata);
            }
            foreach (var entry in Entries)
            {
                writer.WritePropertyName(entry.Name);
                JsonSerializer.Serialize(writer, new { dtype = entry.Type.Name, shape = entry.Shape, data_offsets = new[] { entry.Start, entry.End } });
            }
            writer.WriteEndObject();
        }
        while (json.Length % Alignment != 0) json.WriteByte((byte)' ');
        return json.ToArray();
    }

    private static string ParseText(JsonProperty property)
        => property.Value.GetString()
            ?? throw new InvalidDataException($"Safetensors: '{MetadataName}' holds '{property.Name}', expected a text, found null.");

    private static SafetensorsEntry ParseEntry(JsonProperty property)
    {
        var name = property.Name;
        var typeName = property.Value.GetProperty("dtype").GetString();
        var shape = Numbers(property.Value.GetProperty("shape"));
        var offsets = Numbers(property.Value.GetProperty("data_offsets"));
        var type = SafetensorsType.Named(typeName)
            ?? throw new InvalidDataException($"Safetensors: tensor '{name}' is of type {typeName}; supported are {SafetensorsType.AllNames}.");
        if (shape.Any(dimension => dimension < 0) || offsets is not [>= 0, var end])
            throw new InvalidDataException(
                $"Safetensors: tensor '{name}' has the shape [{string.Join(", ", shape)}] and the offsets [{string.Join(", ", offsets)}].");
        var entry = new SafetensorsEntry(name, type, shape, offsets[0]);
        if (entry.End != end)
            throw new InvalidDataException(
                $"Safetensors: tensor '{name}' of {typeName} [{string.Join(", ", shape)}] takes {entry.Length} bytes, " +
                $"but its offsets are {entry.Start} to {end}.");
        return entry;
    }

    private static long[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(number => number.GetInt64())];

    private static void RequireSeamless(IEnumerable<SafetensorsEntry> entries)
    {
        long end = 0;
        foreach (var entry in entries)
        {
            if (entry.Start != end)
                throw new InvalidDataException(
                    $"Safetensors: tensor '{entry.Name}' begins at {entry.Start}, but the one before ends at {end}; " +
                    "tensors must neither overlap nor leave gaps.");
            end = entry.End;
        }
    }
}
