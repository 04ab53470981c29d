using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Serialization;
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
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    public void WriteJson<T>(string name, T value) => Write(name, CompressionLevel.Optimal, stream => JsonSerializer.Serialize(stream, value, Json));

    /// <exception cref="InvalidDataException">The entry is missing or damaged.</exception>
    public T ReadJson<T>(string name) where T : class => Read(name, stream => JsonSerializer.Deserialize<T>(stream, Json)
        ?? throw new InvalidDataException("it is empty"));

    /// <summary>Writes tensors as safetensors, uncompressed: weights hardly compress.</summary>
    public void WriteTensors(string name, IReadOnlyDictionary<string, Tensor> tensors)
        => Write(name, CompressionLevel.NoCompression, stream => Safetensors.Save(stream, tensors));

    /// <summary>Reads tensors into those given, which must be the same by name, type and shape.</summary>
    /// <exception cref="InvalidDataException">The entry is missing or damaged, or its tensors are others.</exception>
    public void ReadTensors(string name, IReadOnlyDictionary<string, Tensor> targets) => Read(name, stream =>
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var sources = Safetensors.Load(stream).Tensors;
        if (sources.Keys.Except(targets.Keys).FirstOrDefault() is { } extra) throw new InvalidDataException($"it has an unknown tensor '{extra}'");
        foreach (var (key, target) in targets)
        {
            if (!sources.TryGetValue(key, out var source)) throw new InvalidDataException($"it lacks tensor '{key}'");
            if (source.dtype != target.dtype || !source.shape.SequenceEqual(target.shape))
                throw new InvalidDataException($"tensor '{key}' is {Describe(source)}, expected {Describe(target)}");
            target.copy_(source);
        }
        return targets;
    });

    private void Write(string name, CompressionLevel compression, Action<Stream> write)
    {
        var entry = zip.CreateEntry(name, compression);
        entry.LastWriteTime = Epoch;
        using var stream = entry.Open();
        write(stream);
    }

    private T Read<T>(string name, Func<Stream, T> read)
    {
        var entry = zip.GetEntry(name) ?? throw new InvalidDataException($"The model file has no entry '{name}'.");
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

    private static string Describe(Tensor tensor) => $"{tensor.dtype} [{string.Join(", ", tensor.shape)}]";
}
