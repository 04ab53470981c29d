namespace Focus;

/// <summary>Saves and loads this library's models by themselves, in a format that needs nothing of ML.NET's.</summary>
/// <remarks>
/// The file is a zip of JSON (manifest and configuration) and safetensors (weights). <c>mlContext.Model.Save</c> and <c>Load</c> take the
/// same models, alone or in a chain; these here are for one model, and for programs without a chain.
/// </remarks>
public sealed class FocusModelCatalog
{
    internal FocusModelCatalog()
    {
    }

    /// <summary>Saves a model to a file, which appears or is replaced as a whole.</summary>
    /// <param name="model">One of this library's transformers; of a chain, its <c>LastTransformer</c>.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">The file could not be written; what was there before is still there.</exception>
    public void Save(FocusTransformer model, string path)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(path);
        AtomicFile.Write(path, stream => ModelFile.Save(model, stream));
    }

    /// <summary>Saves a model to a stream.</summary>
    /// <param name="model">One of this library's transformers; of a chain, its <c>LastTransformer</c>.</param>
    /// <param name="stream">A writable stream, which stays open.</param>
    public void Save(FocusTransformer model, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(stream);
        ModelFile.Save(model, stream);
    }

    /// <summary>Loads a model from a file.</summary>
    /// <param name="path">A file that <see cref="Save(FocusTransformer, string)"/> wrote.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not a model, cut short, or of another version.</exception>
    public FocusTransformer Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var stream = File.OpenRead(path);
        try
        {
            return ModelFile.Load(stream);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"'{path}': {error.Message}", error);
        }
    }

    /// <summary>Loads a model from a stream.</summary>
    /// <param name="stream">A readable stream at the start of what <see cref="Save(FocusTransformer, Stream)"/> wrote; it stays
    /// open.</param>
    /// <exception cref="InvalidDataException">The stream is not a model, cut short, or of another version.</exception>
    public FocusTransformer Load(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return ModelFile.Load(stream);
    }
}
