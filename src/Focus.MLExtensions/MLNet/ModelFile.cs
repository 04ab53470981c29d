using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using static TorchSharp.torch;

namespace Focus;

/// <summary>The file format of our models: a zip of a manifest (JSON), which names kind and version, and the entries of the
/// model.</summary>
internal static class ModelFile
{
    /// <summary>The version this library writes, and the newest it reads.</summary>
    public const uint Version = 1;

    private const string Format = "Focus.MLExtensions model", ManifestName = "manifest.json";

    /// <summary>How models are loaded, by the kind that the manifest names.</summary>
    private static readonly Dictionary<string, Func<ModelArchive, FocusTransformer>> Loaders = new()
    {
        [MlpTransformer.Kind] = MlpTransformer.Load,
        [LandscapeTransformer.Kind] = LandscapeTransformer.Load,
        [TokenizingTransformer.Kind] = TokenizingTransformer.Load,
        [DetokenizingTransformer.Kind] = DetokenizingTransformer.Load,
        [Gpt2Transformer.Kind] = Gpt2Transformer.Load,
    };

    public static void Save(FocusTransformer model, Stream stream)
    {
        using var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        var archive = new ModelArchive(zip);
        archive.WriteJson(ManifestName, new Manifest(Format, Version, model.ModelKind));
        model.Save(archive);
    }

    public static FocusTransformer Load(Stream stream)
    {
        if (stream.CanSeek) return LoadSeekable(stream);
        // The list of a zip's entries is at its end; without a file, the zip would be held in memory, which ends at 2 GiB.
        using var file = TemporaryFile.Create();
        stream.CopyTo(file);
        file.Position = 0;
        return LoadSeekable(file);
    }

    private static FocusTransformer LoadSeekable(Stream stream)
    {
        using var zip = Open(stream);
        var archive = new ModelArchive(zip);
        var manifest = archive.ReadJson<Manifest>(ManifestName);
        if (manifest.Format != Format)
            throw new InvalidDataException(
                $"This is not a model of Focus.MLExtensions: its manifest says '{manifest.Format}', expected '{Format}'.");
        if (manifest.Version is < 1 or > Version)
            throw new InvalidDataException(
                $"The model has format version {manifest.Version}; this library reads versions 1 to {Version}. Take a newer library.");
        return Loaders.TryGetValue(manifest.Kind, out var load)
            ? load(archive)
            : throw new InvalidDataException(
                $"The model is of the unknown kind '{manifest.Kind}'; this library knows {string.Join(", ", Loaders.Keys)}.");
    }

    private static ZipArchive Open(Stream stream)
    {
        try
        {
            return new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException("This is not a model of Focus.MLExtensions, or it is cut short: it cannot be opened as a zip archive.", error);
        }
    }

    private sealed record Manifest(string Format, uint Version, string Kind);
}

/// <summary>The entries of a model file.</summary>
internal sealed class ModelArchive(ZipArchive zip)
{
    public const string ConfigurationName = "configuration.json", WeightsName = "weights.safetensors";

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

    public T ReadJson<T>(string name) where T : class => Read(name, stream => JsonSerializer.Deserialize<T>(stream, Json)
        ?? throw new InvalidDataException("it is empty"));

    /// <summary>Writes tensors as safetensors, uncompressed: weights hardly compress.</summary>
    public void WriteTensors(string name, IReadOnlyDictionary<string, Tensor> tensors)
        => Write(name, CompressionLevel.NoCompression, stream => Safetensors.Save(stream, tensors));

    public T ReadTensors<T>(string name, Func<SafetensorsReader, T> read) => Read(name, stream => read(new SafetensorsReader(stream, Find(name).Length)));

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
}

/// <summary>Our models in ML.NET's model files: one loadable class for all kinds, whose one stream is a file of
/// <see cref="ModelFile"/>.</summary>
/// <remarks>The build adds an assembly attribute that names <see cref="Load"/> (build/ModelLoader.cs). A model file names this assembly; ML.NET
/// loads it and finds the attribute, so that a program need not use <c>mlContext.Focus</c> before it loads a model.</remarks>
internal static class ModelRegistration
{
    private const string ModelSignature = "FOCUSMDL", LoadName = "FocusModel", StreamName = "Focus.zip";

    /// <summary>Saves a model into its folder of a model file.</summary>
    public static void Save(FocusTransformer model, ModelSaveContext context)
    {
        var internals = MlNetInternals.Current;
        internals.SetVersionInfo(context, ModelSignature, ModelFile.Version, typeof(ModelRegistration).Assembly.GetName().Name!, LoadName);
        internals.SaveBinaryStream(context, StreamName, writer => ModelFile.Save(model, writer.BaseStream));
    }

    /// <summary>Loads a model from its folder of a model file.</summary>
    public static ITransformer Load(IHostEnvironment environment, object modelLoadContext)
    {
        FocusTransformer? model = null;
        try
        {
            if (!MlNetInternals.Current.TryLoadBinaryStream(modelLoadContext, StreamName, reader => model = ModelFile.Load(reader.BaseStream)))
                throw new InvalidDataException($"The model file lacks the stream '{StreamName}' of a model of Focus.MLExtensions.");
        }
        catch (InvalidDataException error)
        {
            // Marked as expected, so that ML.NET passes it on instead of reporting a fault of its own.
            throw environment.Process(error);
        }
        return model!;
    }
}

/// <summary>A file to put aside what is too large for memory; it goes when it is closed.</summary>
internal static class TemporaryFile
{
    private const int BufferSize = 1 << 16;

    public static FileStream Create() => new(
        Path.Combine(Path.GetTempPath(), $"focus-{Guid.NewGuid():N}.tmp"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None,
        BufferSize, FileOptions.DeleteOnClose);
}
