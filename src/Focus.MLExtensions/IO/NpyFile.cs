using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Focus;

/// <summary>NumPy's .npy files of numbers. Written are float64 and float32 in C order and little-endian bytes; read is any order of axes
/// and bytes, and float16, integers and Booleans too.</summary>
/// <remarks>Format: numpy.org/doc/stable/reference/generated/numpy.lib.format.html, version 1.0 written, 1.0 to 3.0 read.</remarks>
public static class NpyFile
{
    private const int Alignment = 64, BlockLength = 1 << 16;

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

    /// <summary>Reads numbers as float64 in C order.</summary>
    /// <exception cref="InvalidDataException">The file is cut short or of another format, or an integer is 2⁵³ or larger in magnitude, so
    /// that float64 does not tell it from its neighbours; the message says where.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static NpyArray Read(string path)
    {
        using var stream = File.OpenRead(path);
        var header = NpyHeader.Read(stream, path);
        var values = new double[header.Count];
        var block = new byte[BlockLength];
        for (var done = 0; done < values.Length;)
        {
            var count = Math.Min(values.Length - done, BlockLength / header.ElementSize);
            var bytes = block.AsSpan(0, count * header.ElementSize);
            stream.ReadExactly(bytes);
            header.Convert(bytes, values.AsSpan(done, count));
            done += count;
        }
        var wrong = header.IsExact ? -1 : Array.FindIndex(values, value => Math.Abs(value) >= 1L << 53);
        if (wrong >= 0) throw NpyHeader.Bad(path, $"element {wrong}", "an integer below 2⁵³ in magnitude", $"{values[wrong]:F0}");
        return new(header.IsFortran ? InCOrder(values, header.Shape) : values, header.Shape);
    }

    /// <summary>Reads only the shape, and checks that the file has the length that the shape implies.</summary>
    /// <inheritdoc cref="Read"/>
    public static IReadOnlyList<int> ReadShape(string path)
    {
        using var stream = File.OpenRead(path);
        return NpyHeader.Read(stream, path).Shape;
    }

    /// <summary>Values whose first axis varies fastest, in the order in which the last one does.</summary>
    private static double[] InCOrder(double[] values, int[] shape)
    {
        var ordered = new double[values.Length];
        var index = new int[shape.Length];
        for (var i = 0; i < ordered.Length; i++)
        {
            var place = 0;
            for (var axis = shape.Length - 1; axis >= 0; axis--) place = place * shape[axis] + index[axis];
            ordered[i] = values[place];
            for (var axis = shape.Length - 1; axis >= 0 && ++index[axis] == shape[axis]; axis--) index[axis] = 0;
        }
        return ordered;
    }

    private static void Write<T>(string path, ReadOnlySpan<T> values, ReadOnlySpan<int> shape, string type, bool replace) where T : unmanaged
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var count = 1L;
        foreach (var length in shape) count = checked(count * Check.AtLeast(0, length, nameof(shape)));
        if (count != values.Length)
            throw new ArgumentException($"shape ({NpyHeader.Text(shape.ToArray())}) holds {count} values; there are {values.Length}.", nameof(shape));
        var header = Header($"{{'descr': '{type}', 'fortran_order': False, 'shape': ({NpyHeader.Text(shape.ToArray())}), }}");
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
        var prefix = NpyHeader.Magic.Length + 4;
        var header = new byte[(prefix + text.Length + Alignment) / Alignment * Alignment];
        header.AsSpan().Fill((byte)' ');
        NpyHeader.Magic.CopyTo(header);
        (header[NpyHeader.Magic.Length], header[NpyHeader.Magic.Length + 1]) = (1, 0);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(NpyHeader.Magic.Length + 2), (ushort)(header.Length - prefix));
        Encoding.ASCII.GetBytes(text, header.AsSpan(prefix));
        header[^1] = (byte)'\n';
        return header;
    }
}

/// <summary>An array read from a .npy file.</summary>
/// <param name="Values">The values in C order (the last axis varies fastest).</param>
/// <param name="Shape">The length of each axis.</param>
public sealed record NpyArray(double[] Values, IReadOnlyList<int> Shape);
