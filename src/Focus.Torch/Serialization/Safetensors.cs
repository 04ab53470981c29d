using System.Buffers.Binary;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Tensors in the safetensors format: the length of a header, the header (JSON: name, type, shape and place of each tensor), and
/// the bytes.</summary>
/// <remarks>See https://huggingface.co/docs/safetensors. Streams are written and read front to back, and need not be seekable.</remarks>
public static class Safetensors
{
    /// <summary>Writes a file, which appears or is replaced as a whole.</summary>
    /// <inheritdoc cref="Save(Stream, IEnumerable{KeyValuePair{string, Tensor}}, IReadOnlyDictionary{string, string}?)"/>
    public static void Save(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
        => AtomicFile.Write(path, stream => Save(stream, tensors, metadata));

    /// <summary>Writes tensors one after the other.</summary>
    /// <param name="stream">A writable stream.</param>
    /// <param name="tensors">Tensors by name, of any shape and on any device, each below 2 GiB.</param>
    /// <param name="metadata">Texts to keep with them.</param>
    /// <exception cref="ArgumentException">A name stands twice, or a tensor's type or size is not supported.</exception>
    public static void Save(Stream stream, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(tensors);
        var items = tensors.ToArray();
        var header = SafetensorsHeader.Of(items, metadata).ToJson();
        Span<byte> length = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (var (_, tensor) in items) WriteBytes(stream, tensor);
    }

    /// <summary>Reads a file.</summary>
    /// <inheritdoc cref="Load(Stream)"/>
    public static SafetensorsContent Load(string path)
    {
        using var stream = File.OpenRead(path);
        try
        {
            return Load(stream);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"'{path}': {error.Message}", error);
        }
    }

    /// <summary>Reads all tensors of a stream, to its end.</summary>
    /// <returns>New tensors on the CPU; the caller disposes of them.</returns>
    /// <exception cref="InvalidDataException">The stream is not in the format, or cut short; the message says where and how.</exception>
    public static SafetensorsContent Load(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var header = SafetensorsHeader.Parse(ReadHeader(stream));
        var tensors = new Dictionary<string, Tensor>();
        try
        {
            foreach (var entry in header.Entries) tensors.Add(entry.Name, ReadTensor(stream, entry));
            if (stream.ReadByte() >= 0) throw new InvalidDataException("Safetensors: expected the end after the last tensor, found more bytes.");
        }
        catch
        {
            foreach (var tensor in tensors.Values) tensor.Dispose();
            throw;
        }
        return new SafetensorsContent(tensors, header.Metadata);
    }

    private static byte[] ReadHeader(Stream stream)
    {
        var prefix = new byte[sizeof(long)];
        ReadExactly(stream, prefix, "the length of the header");
        var length = BinaryPrimitives.ReadInt64LittleEndian(prefix);
        if (length is < 2 or > SafetensorsHeader.LongestJson)
            throw new InvalidDataException(
                $"Safetensors, byte 0: expected the length of a header from 2 to {SafetensorsHeader.LongestJson} bytes, found {length}.");
        var header = new byte[length];
        ReadExactly(stream, header, "the header");
        return header;
    }

    private static Tensor ReadTensor(Stream stream, SafetensorsEntry entry)
    {
        var tensor = empty(entry.Shape, dtype: entry.Type.ScalarType);
        try
        {
            if (entry.Length > 0) ReadExactly(stream, tensor.bytes, $"tensor '{entry.Name}'");
            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }

    private static void ReadExactly(Stream stream, Span<byte> target, string what)
    {
        var found = stream.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
        if (found < target.Length)
            throw new InvalidDataException($"Safetensors: expected {target.Length} bytes of {what}, found {found}: the file is cut short.");
    }

    private static void WriteBytes(Stream stream, Tensor tensor)
    {
        using var scope = NewDisposeScope();
        if (tensor.numel() > 0) stream.Write(tensor.detach().cpu().contiguous().bytes);
    }
}

/// <summary>What a safetensors file holds.</summary>
/// <param name="Tensors">The tensors by name.</param>
/// <param name="Metadata">The texts kept with them.</param>
public sealed record SafetensorsContent(Dictionary<string, Tensor> Tensors, IReadOnlyDictionary<string, string> Metadata);
