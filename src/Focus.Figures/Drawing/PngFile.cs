using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Focus;

/// <summary>Encodes pixels as PNG (ISO/IEC 15948): 8 bits for each of red, green and blue, each row as differences from the row
/// above.</summary>
internal static class PngFile
{
    private static readonly uint[] CrcTable = MakeCrcTable();

    public static void Write(Stream stream, int width, int height, ReadOnlySpan<byte> pixels)
    {
        stream.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, 2);
        WriteChunk(stream, "IHDR", header);
        WriteChunk(stream, "IDAT", Compress(3 * width, height, pixels));
        WriteChunk(stream, "IEND", []);
    }

    private static byte[] Compress(int rowBytes, int height, ReadOnlySpan<byte> pixels)
    {
        const byte differenceFromAbove = 2;
        using var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.SmallestSize))
        {
            var line = new byte[1 + rowBytes];
            line[0] = differenceFromAbove;
            for (var y = 0; y < height; y++)
            {
                for (var i = 0; i < rowBytes; i++) line[1 + i] = (byte)(pixels[y * rowBytes + i] - (y > 0 ? pixels[(y - 1) * rowBytes + i] : 0));
                zlib.Write(line);
            }
        }
        return compressed.ToArray();
    }

    private static void WriteChunk(Stream stream, string type, byte[] data)
    {
        byte[] typed = [.. Encoding.ASCII.GetBytes(type), .. data];
        var number = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        stream.Write(number);
        stream.Write(typed);
        var crc = uint.MaxValue;
        foreach (var value in typed) crc = CrcTable[(byte)(crc ^ value)] ^ (crc >> 8);
        BinaryPrimitives.WriteUInt32BigEndian(number, ~crc);
        stream.Write(number);
    }

    private static uint[] MakeCrcTable()
    {
        var table = new uint[256];
        for (var i = 0u; i < table.Length; i++)
        {
            var value = i;
            for (var bit = 0; bit < 8; bit++) value = (value & 1) == 0 ? value >> 1 : 0xEDB88320 ^ (value >> 1);
            table[i] = value;
        }
        return table;
    }
}
