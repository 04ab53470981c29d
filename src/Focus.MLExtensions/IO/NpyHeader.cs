using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Focus;

/// <summary>The header of a .npy file: the type and order of its numbers, and its shape.</summary>
/// <param name="Kind">f for floating-point numbers, i and u for integers with and without a sign, b for Booleans.</param>
/// <param name="ElementSize">The bytes of a number.</param>
/// <param name="IsBigEndian">Whether the first byte of a number is the most significant.</param>
/// <param name="IsFortran">Whether the first axis varies fastest, not the last.</param>
/// <param name="Shape">The length of each axis.</param>
internal sealed partial record NpyHeader(char Kind, int ElementSize, bool IsBigEndian, bool IsFortran, int[] Shape)
{
    public static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    public int Count => Shape.Aggregate(1, (product, length) => product * length);

    /// <summary>Whether float64 holds every number of the type.</summary>
    public bool IsExact => Kind is 'f' or 'b' || ElementSize < sizeof(long);

    public static bool IsAt(ReadOnlySpan<byte> start) => start.StartsWith(Magic);

    /// <summary>Reads the header at the start of a stream, up to the first number, and checks that the stream has the length it implies.</summary>
    public static NpyHeader Read(Stream stream, string path)
    {
        Span<byte> start = stackalloc byte[12];
        var read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (read < start.Length || !IsAt(start)) throw Bad(path, "offset 0", "the mark of a .npy file", read == 0 ? "an empty file" : "other bytes");
        var version = start[Magic.Length];
        if (version is < 1 or > 3) throw Bad(path, $"offset {Magic.Length}", "version 1, 2 or 3", $"version {version}");
        var lengthOffset = Magic.Length + 2;
        var (offset, length) = version == 1
            ? (lengthOffset + 2, BinaryPrimitives.ReadUInt16LittleEndian(start[lengthOffset..]))
            : (lengthOffset + 4, BinaryPrimitives.ReadUInt32LittleEndian(start[lengthOffset..]));
        if (stream.Length < offset + length)
            throw Bad(path, $"offset {offset}", $"a header of {length} bytes", $"{stream.Length - offset} bytes: the file is cut short");
        var bytes = new byte[length];
        stream.Position = offset;
        stream.ReadExactly(bytes);
        var text = Encoding.ASCII.GetString(bytes);
        var header = Parse(text)
            ?? throw Bad(path, $"offset {offset}", "a header with a descr of floats, integers or Booleans, a fortran_order and a shape", text.Trim());

        // In floating point, so that absurd lengths do not overflow; exact as far as arrays reach.
        var size = header.Shape.Aggregate((double)header.ElementSize, (product, axis) => product * axis);
        if (size > Array.MaxLength) throw Bad(path, $"offset {offset}", $"an array of at most {Array.MaxLength} bytes", header.ToString());
        if (stream.Length - stream.Position != (long)size)
            throw Bad(path, $"offset {stream.Position}", $"{size} bytes for shape ({Text(header.Shape)})",
                $"{stream.Length - stream.Position}: the file is cut short or too long");
        return header;
    }

    /// <summary>Converts numbers as they are in the file, whose bytes it may put in another order.</summary>
    public void Convert(Span<byte> bytes, Span<double> values)
    {
        for (var i = 0; IsBigEndian && i < bytes.Length; i += ElementSize) bytes.Slice(i, ElementSize).Reverse();
        switch (Kind, ElementSize)
        {
            case ('f', 8): MemoryMarshal.Cast<byte, double>(bytes).CopyTo(values); break;
            case ('f', 4): Convert<float>(bytes, values); break;
            case ('f', 2): Convert<Half>(bytes, values); break;
            case ('i', 8): Convert<long>(bytes, values); break;
            case ('i', 4): Convert<int>(bytes, values); break;
            case ('i', 2): Convert<short>(bytes, values); break;
            case ('i', 1): Convert<sbyte>(bytes, values); break;
            case ('u', 8): Convert<ulong>(bytes, values); break;
            case ('u', 4): Convert<uint>(bytes, values); break;
            case ('u', 2): Convert<ushort>(bytes, values); break;
            default: Convert<byte>(bytes, values); break;
        }
    }

    /// <summary>The type as NumPy writes it, the order and the shape.</summary>
    public override string ToString() => $"'{(IsBigEndian ? '>' : '<')}{Kind}{ElementSize}'{(IsFortran ? " in Fortran order" : "")} of shape ({Text(Shape)})";

    /// <summary>The lengths as in a Python tuple, which has a comma after a single one.</summary>
    public static string Text(int[] shape) => shape is [var length] ? $"{length}," : string.Join(", ", shape);

    public static InvalidDataException Bad(string path, string place, string expected, string found)
        => new($"{path}, {place}: expected {expected}, found {found}.");

    private static void Convert<T>(ReadOnlySpan<byte> bytes, Span<double> values) where T : unmanaged, INumberBase<T>
        => TensorPrimitives.ConvertTruncating<T, double>(MemoryMarshal.Cast<byte, T>(bytes), values);

    /// <summary>Reads the Python dictionary in a header, in which Python 2 writes an L after lengths; null for types other than numbers.</summary>
    private static NpyHeader? Parse(string text)
    {
        var (type, order, tuple) = (Descr().Match(text), FortranOrder().Match(text), ShapeTuple().Match(text));
        if (!type.Success || !order.Success || !tuple.Success) return null;
        var lengths = tuple.Groups[1].Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var shape = new int[lengths.Length];
        for (var i = 0; i < shape.Length; i++)
            if (!int.TryParse(lengths[i].TrimEnd('L'), NumberStyles.None, CultureInfo.InvariantCulture, out shape[i])) return null;
        var name = type.Groups[2].Value;
        return new(name[0], name[1] - '0', type.Groups[1].Value == ">", order.Groups[1].Value == "True", shape);
    }

    [GeneratedRegex(@"'descr'\s*:\s*'([<>|=]?)(f[248]|[iu][1248]|b1)'")]
    private static partial Regex Descr();

    [GeneratedRegex(@"'fortran_order'\s*:\s*(True|False)")]
    private static partial Regex FortranOrder();

    [GeneratedRegex(@"'shape'\s*:\s*\(([^)]*)\)")]
    private static partial Regex ShapeTuple();
}
