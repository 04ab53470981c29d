using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Focus;

/// <summary>NumPy's .npy files of float64 and float32 in C order and little-endian bytes.</summary>
/// <remarks>Format: numpy.org/doc/stable/reference/generated/numpy.lib.format.html, version 1.0 written, 1.0 to 3.0 read.</remarks>
public static class NpyFile
{
    private const int Alignment = 64;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Writes float64 values; the file appears whole or not at all.</summary>
    /// <param name="path">The file; an existing one is replaced only if <paramref name="replace"/> is set.</param>
    /// <param name="values">The values in C order.</param>
    /// <param name="shape">The length of each axis; their product is the number of values.</param>
    /// <param name="replace">Whether to replace an existing file.</param>
    /// <exception cref="ArgumentException">The shape does not fit the values.</exception>
    /// <exception cref="IOException">The file exists and may not be replaced, or it cannot be written.</exception>
    public static void Write(string path, ReadOnlySpan<double> values, ReadOnlySpan<int> shape, bool replace = false) =>
        Write(path, values, shape, "<f8", replace);

    /// <summary>Writes float32 values; the file appears whole or not at all.</summary>
    /// <inheritdoc cref="Write(string, ReadOnlySpan{double}, ReadOnlySpan{int}, bool)"/>
    public static void Write(string path, ReadOnlySpan<float> values, ReadOnlySpan<int> shape, bool replace = false) =>
        Write(path, values, shape, "<f4", replace);

    /// <summary>Reads float64 or float32 values.</summary>
    /// <exception cref="InvalidDataException">The file is cut short or of another format; the message says where.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static NpyArray Read(string path)
    {
        using var stream = File.OpenRead(path);
        var (shape, isDouble) = ReadHeader(stream, path);
        var count = shape.Aggregate(1, (product, length) => product * length);
        return new(isDouble ? ReadValues<double>(stream, count) : Array.ConvertAll(ReadValues<float>(stream, count), value => (double)value), shape);
    }

    /// <summary>Reads only the shape, and checks that the file has the length that the shape implies.</summary>
    /// <inheritdoc cref="Read"/>
    public static IReadOnlyList<int> ReadShape(string path)
    {
        using var stream = File.OpenRead(path);
        return ReadHeader(stream, path).Shape;
    }

    private static T[] ReadValues<T>(Stream stream, int count) where T : unmanaged
    {
        var values = new T[count];
        stream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    private static void Write<T>(string path, ReadOnlySpan<T> values, ReadOnlySpan<int> shape, string type, bool replace) where T : unmanaged
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var count = 1L;
        foreach (var length in shape) count = checked(count * Check.AtLeast(0, length, nameof(shape)));
        if (count != values.Length)
            throw new ArgumentException($"shape ({Text(shape.ToArray())}) holds {count} values; there are {values.Length}.", nameof(shape));
        var header = Header($"{{'descr': '{type}', 'fortran_order': False, 'shape': ({Text(shape.ToArray())}), }}");
        var bytes = MemoryMarshal.AsBytes(values).ToArray();
        AtomicFile.Write(path, stream =>
        {
            stream.Write(header);
            stream.Write(bytes);
        }, replace);
    }

    /// <summary>Mark, version, length and text, padded so that the values start at a multiple of the alignment.</summary>
    private static byte[] Header(string text)
    {
        var prefix = Magic.Length + 4;
        var header = new byte[(prefix + text.Length + Alignment) / Alignment * Alignment];
        header.AsSpan().Fill((byte)' ');
        Magic.CopyTo(header);
        (header[Magic.Length], header[Magic.Length + 1]) = (1, 0);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(Magic.Length + 2), (ushort)(header.Length - prefix));
        Encoding.ASCII.GetBytes(text, header.AsSpan(prefix));
        header[^1] = (byte)'\n';
        return header;
    }

    private static (int[] Shape, bool IsDouble) ReadHeader(Stream stream, string path)
    {
        Span<byte> start = stackalloc byte[12];
        var read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (read < start.Length || !start[..Magic.Length].SequenceEqual(Magic))
            throw Bad(path, 0, "the mark of a .npy file", read == 0 ? "an empty file" : "other bytes");
        var version = start[Magic.Length];
        if (version is < 1 or > 3) throw Bad(path, Magic.Length, "version 1, 2 or 3", $"version {version}");
        var lengthOffset = Magic.Length + 2;
        var (offset, length) = version == 1
            ? (lengthOffset + 2, BinaryPrimitives.ReadUInt16LittleEndian(start[lengthOffset..]))
            : (lengthOffset + 4, BinaryPrimitives.ReadUInt32LittleEndian(start[lengthOffset..]));
        if (stream.Length < offset + length) throw Bad(path, offset, $"a header of {length} bytes", $"{stream.Length - offset} bytes");
        var bytes = new byte[length];
        stream.Position = offset;
        stream.ReadExactly(bytes);
        var text = Encoding.ASCII.GetString(bytes);
        var (shape, isDouble) = Parse(text)
            ?? throw Bad(path, offset, "a header with descr '<f8' or '<f4', fortran_order False and a shape", text.Trim());

        // In floating point, so that absurd lengths do not overflow; exact as far as arrays reach.
        var size = shape.Aggregate(isDouble ? (double)sizeof(double) : sizeof(float), (product, axis) => product * axis);
        if (size > Array.MaxLength) throw Bad(path, offset, $"an array of at most {Array.MaxLength} bytes", $"shape ({Text(shape)})");
        if (stream.Length - stream.Position != (long)size)
            throw Bad(path, stream.Position, $"{size} bytes for shape ({Text(shape)})", $"{stream.Length - stream.Position}");
        return (shape, isDouble);
    }

    /// <summary>Reads the Python dictionary in a header; null for anything but float64 and float32 in C order and little-endian bytes.</summary>
    private static (int[] Shape, bool IsDouble)? Parse(string header)
    {
        const string shapeKey = "'shape':(";
        var text = string.Concat(header.Where(letter => !char.IsWhiteSpace(letter)));
        var isDouble = text.Contains("'descr':'<f8'");
        if (!isDouble && !text.Contains("'descr':'<f4'") || !text.Contains("'fortran_order':False") || !text.Contains(shapeKey)) return null;
        var lengths = text.Split(shapeKey)[1].Split(')')[0].Split(',', StringSplitOptions.RemoveEmptyEntries);
        var shape = new int[lengths.Length];
        for (var i = 0; i < shape.Length; i++)
            if (!int.TryParse(lengths[i], NumberStyles.None, CultureInfo.InvariantCulture, out shape[i])) return null;
        return (shape, isDouble);
    }

    /// <summary>The lengths as in a Python tuple, which has a comma after a single one.</summary>
    private static string Text(int[] shape) => shape is [var length] ? $"{length}," : string.Join(", ", shape);

    private static InvalidDataException Bad(string path, long offset, string expected, string found) => new(
        $"{path}, offset {offset}: expected {expected}, found {found}. The file is incomplete or not a float array; delete it and write it again.");
}

/// <summary>An array read from a .npy file.</summary>
/// <param name="Values">The values in C order (the last axis varies fastest).</param>
/// <param name="Shape">The length of each axis.</param>
public sealed record NpyArray(double[] Values, IReadOnlyList<int> Shape);
