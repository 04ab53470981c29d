using System.Buffers.Binary;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Reads a stream in the safetensors format front to back: its header, then one tensor after the other.</summary>
internal sealed class SafetensorsReader
{
    private readonly Stream stream;

    /// <summary>Reads the header.</summary>
    /// <exception cref="InvalidDataException">It is not one, or the stream, where its length is known, does not hold what it says.</exception>
    public SafetensorsReader(Stream stream)
    {
        this.stream = stream;
        Header = SafetensorsHeader.Parse(ReadHeader());
        if (stream.CanSeek) RequireLength(stream.Length - stream.Position);
    }

    public SafetensorsHeader Header { get; }

    /// <summary>Reads the tensors, each when it is asked for.</summary>
    /// <returns>New tensors on the CPU in the order of the header; the caller disposes of them.</returns>
    /// <exception cref="InvalidDataException">The stream is cut short, or goes on after the last.</exception>
    public IEnumerable<KeyValuePair<string, Tensor>> ReadTensors()
    {
        foreach (var entry in Header.Entries) yield return new(entry.Name, ReadTensor(entry));
        if (stream.ReadByte() >= 0) throw new InvalidDataException("Safetensors: expected the end after the last tensor, found more bytes.");
    }

    private byte[] ReadHeader()
    {
        var prefix = new byte[sizeof(long)];
        ReadExactly(prefix, "the length of the header");
        var length = BinaryPrimitives.ReadInt64LittleEndian(prefix);
        if (length is < 2 or > SafetensorsHeader.LongestJson)
            throw new InvalidDataException(
                $"Safetensors, byte 0: expected the length of a header from 2 to {SafetensorsHeader.LongestJson} bytes, found {length}.");
        var header = new byte[length];
        ReadExactly(header, "the header");
        return header;
    }

    private void RequireLength(long found)
    {
        if (Header.DataLength != found)
            throw new InvalidDataException(
                $"Safetensors: expected {Header.DataLength} bytes of tensors after the header, found {found}: " +
                (found < Header.DataLength ? "the file is cut short." : "there are more bytes than tensors."));
    }

    private Tensor ReadTensor(SafetensorsEntry entry)
    {
        var tensor = empty(entry.Shape, dtype: entry.Type.ScalarType);
        try
        {
            foreach (var piece in SafetensorsPieces.Of(tensor)) ReadExactly(piece.bytes, $"tensor '{entry.Name}'");
            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }

    private void ReadExactly(Span<byte> target, string what)
    {
        var found = stream.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
        if (found < target.Length)
            throw new InvalidDataException($"Safetensors: expected {target.Length} more bytes of {what}, found {found}: the file is cut short.");
    }
}
