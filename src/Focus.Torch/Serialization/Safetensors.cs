using System.Buffers.Binary;
using TorchSharp;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Tensors in the safetensors format: the length of a header, the header (JSON: name, type, shape and place of each tensor), and
/// the bytes.</summary>
/// <remarks>See https://huggingface.co/docs/safetensors. Streams are written and read front to back, and need not be seekable.</remarks>
public static class Safetensors
{
    /// <summary>Writes a file, which appears or is replaced as a whole.</summary>
    /// <inheritdoc cref="Save(Stream, IEnumerable{KeyValuePair{string, Tensor}}, IReadOnlyDictionary{string, string}?, ScalarType?)"/>
    public static void Save(
        string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null, ScalarType? type = null)
        => AtomicFile.Write(path, stream => Save(stream, tensors, metadata, type));

    /// <summary>Writes tensors one after the other.</summary>
    /// <param name="stream">A writable stream.</param>
    /// <param name="tensors">Tensors by name, of any shape and on any device.</param>
    /// <param name="metadata">Texts to keep with them.</param>
    /// <param name="type">What all tensors are converted to on the way, or null to leave them as they are.</param>
    /// <exception cref="ArgumentException">A name stands twice, a tensor's type is not supported, or a tensor holds finite numbers that
    /// <paramref name="type"/> does not reach.</exception>
    public static void Save(
        Stream stream, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null, ScalarType? type = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(tensors);
        var items = tensors.ToArray();
        var header = SafetensorsHeader.Of(items, metadata, type).ToJson();
        Span<byte> length = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (var (name, tensor) in items) WriteBytes(stream, name, tensor, type ?? tensor.dtype);
    }

    /// <summary>Reads a file.</summary>
    /// <inheritdoc cref="Load(Stream)"/>
    public static SafetensorsContent Load(string path) => ReadFile(path, Load);

    /// <summary>Reads all tensors of a stream, to its end.</summary>
    /// <returns>New tensors on the CPU; the caller disposes of them.</returns>
    /// <exception cref="InvalidDataException">The stream is not in the format, or cut short; the message says where and how.</exception>
    public static SafetensorsContent Load(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var reader = new SafetensorsReader(stream);
        var tensors = new Dictionary<string, Tensor>();
        try
        {
            foreach (var (name, tensor) in reader.ReadTensors()) tensors.Add(name, tensor);
        }
        catch
        {
            foreach (var tensor in tensors.Values) tensor.Dispose();
            throw;
        }
        return new SafetensorsContent(tensors, reader.Header.Metadata);
    }

    /// <summary>Reads a file, which errors name.</summary>
    internal static T ReadFile<T>(string path, Func<Stream, T> read)
    {
        using var stream = File.OpenRead(path);
        try
        {
            return read(stream);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"'{path}': {error.Message}", error);
        }
    }

    private static void WriteBytes(Stream stream, string name, Tensor tensor, ScalarType type)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        foreach (var piece in SafetensorsPieces.Of(tensor.detach().contiguous()))
        {
            using var pieceScope = NewDisposeScope();
            var converted = piece.to(type).cpu();
            if (type != tensor.dtype) RequireReached(piece, converted, name);
            stream.Write(converted.bytes);
        }
    }

    private static void RequireReached(Tensor original, Tensor converted, string name)
    {
        if (CountFinite(original) != CountFinite(converted))
            throw new ArgumentException($"Tensor '{name}' holds numbers beyond the range of {converted.dtype}; take a type of a wider range.");

        static long CountFinite(Tensor tensor) => tensor.isfinite().sum().ToInt64();
    }
}

/// <summary>What a safetensors file holds.</summary>
/// <param name="Tensors">The tensors by name.</param>
/// <param name="Metadata">The texts kept with them.</param>
public sealed record SafetensorsContent(Dictionary<string, Tensor> Tensors, IReadOnlyDictionary<string, string> Metadata);
