using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using static TorchSharp.torch;

namespace Focus;

/// <summary>The entries of a model file.</summary>
internal sealed class ModelArchive(ZipArchive zip)
{
    /// <summary>The one time stamp of all entries: equal models are equal files.</summary>
    private static readonly DateTimeOffset Epoch = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        IgnoreReadOnlyProperties = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { LeaveOutCancellation } },
    };

    public void WriteJson<T>(string name, T value) => Write(name, CompressionLevel.Optimal, stream => JsonSerializer.Serialize(stream, value, Json));

    /// <exception cref="InvalidDataException">The entry is missing or damaged.</exception>
    public T ReadJson<T>(string name) where T : class => Read(name, stream => JsonSerializer.Deserialize<T>(stream, Json)
        ?? throw new InvalidDataException("it is empty"));

    /// <summary>Writes tensors as safetensors, uncompressed: weights hardly compress.</summary>
    public void WriteTensors(string name, IReadOnlyDictionary<string, Tensor> tensors)
        => Write(name, CompressionLevel.NoCompression, stream => Safetensors.Save(stream, tensors));

    /// <summary>Reads tensors, one at a time, into those given, which must be the same by name, type and shape.</summary>
    /// <exception cref="InvalidDataException">The entry is missing or damaged, or its tensors are others.</exception>
    public void ReadTensors(string name, IReadOnlyDictionary<string, Tensor> targets) => Read(name, stream =>
    {
        using var _ = no_grad();
        var reader = new SafetensorsReader(stream);
        RequireSame(reader.Header.Entries, targets);
        foreach (var (key, source) in reader.ReadTensors())
            using (source) targets[key].copy_(source);
        return targets;
    });

    /// <summary>The size in bytes of an entry's content.</summary>
    /// <exception cref="InvalidDataException">The entry is missing.</exception>
    public long Length(string name) => Find(name).Length;

    private static void RequireSame(IEnumerable<SafetensorsEntry> sources, IReadOnlyDictionary<string, Tensor> targets)
    {
        var found = sources.ToDictionary(source => source.Name);
        if (found.Keys.Except(targets.Keys).FirstOrDefault() is { } extra)
            throw new InvalidDataException($"it has an unknown tensor '{extra}'");
        foreach (var (key, target) in targets)
        {
            if (!found.TryGetValue(key, out var source)) throw new InvalidDataException($"it lacks tensor '{key}'");
            if (source.Type.ScalarType != target.dtype || !source.Shape.SequenceEqual(target.shape))
                throw new InvalidDataException(
                    $"tensor '{key}' is {Describe(source.Type.ScalarType, source.Shape)}, expected {Describe(target.dtype, target.shape)}");
        }
    }

    /// <summary>Options may hold a cancellation token, which belongs to the program and not to the model.</summary>
    private static void LeaveOutCancellation(JsonTypeInfo type)
    {
        foreach (var property in type.Properties.Where(property => property.PropertyType == typeof(CancellationToken)).ToArray())
            type.Properties.Remove(property);
    }

    private void Write(string name, CompressionLevel compression, Action<Stream> write)
    {
        var entry = zip.CreateEntry(name, compression);
        entry.LastWriteTime = Epoch;
        using var stream = entry.Open();
        write(stream);
    }

    private T Read<T>(string name, Func<Stream, T> read)
    {
        var entry = Find(name);
        try
        {
            using var stream = entry.Open();
            return read(stream);
        }
        catch (Exception error) when (error is InvalidDataException or JsonException or EndOfStreamException)
        {
            throw new InvalidDataException($"Entry '{name}' of the model file is damaged: {error.Message}", error);
        }
    }

    private ZipArchiveEntry Find(string name) => zip.GetEntry(name)
        ?? throw new InvalidDataException($"The model file has no entry '{name}'.");

    private static string Describe(ScalarType type, long[] shape) => $"{type} [{string.Join(", ", shape)}]";
}
