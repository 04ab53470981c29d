using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Focus;

/// <summary>NumPy's .npy files of float64 and float32 in C order and little-endian bytes.</summary>
/// <remarks>Format: numpy.org/doc/stable/reference/generated/numpy.lib.format.html, version 1.0 written, 1.0 to 3.0 read.</remarks>
public static class NpyFile
{
    private const int Alignment = 64;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Writes float64 values; the file appears whole or not at all.</summary>
    /// <param name="path">Where; a file that is there is replaced only if <paramref name="replace"/> says so.</param>
    /// <param name="values">The values in C order.</param>
    /// <param name="shape">The length of each axis; their product is the number of values.</param>
    /// <param name="replace">Whether to replace a file that is there.</param>
    /// <exception cref="ArgumentException">The shape does not fit the values.</exception>
    /// <exception cref="IOException">The file is there and may not be replaced, or it cannot be written.</exception>
    public static void Write(string path, ReadOnlySpan<double> values, ReadOnlySpan<int> shape, bool replace = false) =>
        Write(path, values, shape, "<f8", replace);

    /// <summary>Writes float32 values; the file appears whole or not at all.</summary>
    /// <inheritdoc cref="Write(string, ReadOnlySpan{double}, ReadOnlySpan{int}, bool)"/>
    public static void Write(string path, ReadOnlySpan<float> values, ReadOnlySpan<int> shape, bool replace = false) =>
        Write(path, values, shape, "<f4", replace);

    /// <summary>Reads float64 or float32 values.</summary>
    /// <exception cref="InvalidDataException">The file is cut short or is not such a file; the message says where.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static NpyArray Read(string path)
    {
        using var stream = File.OpenRead(path);
        var (shape, isDouble) = ReadHeader(stream, path);
        var values = new double[shape.Aggregate(1, (product, length) => product * length)];
        if (isDouble)
        {
            stream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
            return new(values, shape);
        }
        var singles = new float[values.Length];
        stream.ReadExactly(MemoryMarshal.AsBytes(singles.AsSpan()));
        for (var i = 0; i < values.Length; i++) values[i] = singles[i];
        return new(values, shape);
    }

    /// <summary>Reads the shape alone, and checks that the file is as long as the shape says.</summary>
    /// <inheritdoc cref="Read"/>
    public static IReadOnlyList<int> ReadShape(string path)
    {
        using var stream = File.OpenRead(path);
        return ReadHeader(stream, path).Shape;
    }

    private static void Write<T>(string path, ReadOnlySpan<T> values, ReadOnlySpan<int> shape, string type, bool replace) where T : unmanaged
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var count = 1L;
        foreach (var length in shape)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(length, nameof(shape));
            count = checked(count * length);
        }
        if (count != values.Length) throw new ArgumentException($"shape holds {count} values, {values.Length} are given.", nameof(shape));
        var header = Header(type, shape);
        var bytes = MemoryMarshal.AsBytes(values).ToArray();
        AtomicFile.Write(path, stream =>
        {
            stream.Write(header);
            stream.Write(bytes);
        }, replace);
    }

    private static byte[] Header(string type, ReadOnlySpan<int> shape)
    {
        var text = new StringBuilder("{'descr': '").Append(type).Append("', 'fortran_order': False, 'shape': (");
        foreach (var length in shape) text.Append(length).Append(shape.Length == 1 ? "," : ", ");
        if (shape.Length > 1) text.Length -= 2;
        text.Append("), }");
        var prefix = Magic.Length + 4;
        text.Append(' ', Alignment - 1 - (prefix + text.Length) % Alignment).Append('\n');

        var header = new byte[prefix + text.Length];
        Magic.CopyTo(header);
        header[Magic.Length] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(Magic.Length + 2), (ushort)text.Length);
        Encoding.ASCII.GetBytes(text.ToString(), header.AsSpan(prefix));
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
        var lengthBytes = version == 1 ? 2 : 4;
        var lengthOffset = Magic.Length + 2;
        var length = version == 1
            ? BinaryPrimitives.ReadUInt16LittleEndian(start[lengthOffset..])
            : BinaryPrimitives.ReadUInt32LittleEndian(start[lengthOffset..]);
        var headerStart = lengthOffset + lengthBytes;
        if (stream.Length < headerStart + length)
            throw Bad(path, headerStart, $"a header of {length} bytes", $"{stream.Length - headerStart} bytes");
        var bytes = new byte[length];
        stream.Position = headerStart;
        stream.ReadExactly(bytes);
        var (shape, isDouble) = NpyHeader.Parse(Encoding.ASCII.GetString(bytes)) ?? throw Bad(
            path, headerStart, "a header with descr '<f8' or '<f4', fortran_order False and a shape", Encoding.ASCII.GetString(bytes).Trim());

        // In floating point, so that lengths that are nonsense do not overflow; exact as far as arrays reach.
        var size = shape.Aggregate(isDouble ? (double)sizeof(double) : sizeof(float), (product, axis) => product * axis);
        if (size > Array.MaxLength)
            throw Bad(path, headerStart, $"an array of at most {Array.MaxLength} bytes", $"shape ({string.Join(", ", shape)})");
        if (stream.Length - stream.Position != (long)size)
            throw Bad(path, stream.Position, $"{size} bytes for shape ({string.Join(", ", shape)})", $"{stream.Length - stream.Position}");
        return (shape, isDouble);
    }

    private static InvalidDataException Bad(string path, long offset, string expected, string found) =>
        new($"{path}, offset {offset}: expected {expected}, found {found}. The file is incomplete or not a float array; delete it to have it made anew.");
}

/// <summary>An array read from a .npy file.</summary>
/// <param name="Values">The values in C order (the last axis varies fastest).</param>
/// <param name="Shape">The length of each axis.</param>
public sealed record NpyArray(double[] Values, IReadOnlyList<int> Shape);

/// <summary>The Python dictionary at the head of a .npy file.</summary>
internal static partial class NpyHeader
{
    /// <summary>Shape and type, or null for anything but float64 and float32 in C order and little-endian bytes.</summary>
    public static (int[] Shape, bool IsDouble)? Parse(string header)
    {
        var type = Type().Match(header);
        var shape = Shape().Match(header);
        if (!type.Success || !shape.Success || !COrder().IsMatch(header)) return null;
        var lengths = shape.Groups[1].Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var axes = new int[lengths.Length];
        for (var i = 0; i < axes.Length; i++)
            if (!int.TryParse(lengths[i], NumberStyles.None, CultureInfo.InvariantCulture, out axes[i])) return null;
        return (axes, type.Groups[1].Value == "8");
    }

    [GeneratedRegex(@"'descr':\s*'<f([48])'")]
    private static partial Regex Type();

    [GeneratedRegex(@"'fortran_order':\s*False")]
    private static partial Regex COrder();

    [GeneratedRegex(@"'shape':\s*\(([^)]*)\)")]
    private static partial Regex Shape();
}
