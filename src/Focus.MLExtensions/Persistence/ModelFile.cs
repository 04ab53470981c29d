using System.IO.Compression;

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

    /// <exception cref="InvalidDataException">The stream is not a model this library can read.</exception>
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
