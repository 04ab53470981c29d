using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Focus.Figures.Tests;

/// <summary>Reads PNG files of 8-bit red, green and blue, checking every checksum.</summary>
internal sealed class PngImage
{
    private readonly byte[] pixels;

    public PngImage(string path)
    {
        var file = File.ReadAllBytes(path);
        CollectionAssert.AreEqual(new byte[] { 0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A }, file[..8]);
        var data = new MemoryStream();
        for (var at = 8; at < file.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at));
            var type = Encoding.ASCII.GetString(file, at + 4, 4);
            Assert.AreEqual(Checksum(file.AsSpan(at + 4, length + 4)), BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at + 8 + length)), type);
            if (type == "IHDR") (Width, Height) = (BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at + 8)), BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at + 12)));
            if (type == "IDAT") data.Write(file, at + 8, length);
            at += 12 + length;
        }
        data.Position = 0;
        using var zlib = new ZLibStream(data, CompressionMode.Decompress);
        pixels = new byte[3 * Width * Height];
        for (var y = 0; y < Height; y++)
        {
            Assert.AreEqual(2, zlib.ReadByte());
            var row = pixels.AsSpan(3 * Width * y, 3 * Width);
            zlib.ReadExactly(row);
            if (y > 0) for (var i = 0; i < row.Length; i++) row[i] += pixels[3 * Width * (y - 1) + i];
        }
    }

    public int Width { get; }

    public int Height { get; }

    public FigureColor this[double x, double y]
    {
        get
        {
            var at = 3 * ((int)y * Width + (int)x);
            return new(pixels[at], pixels[at + 1], pixels[at + 2]);
        }
    }

    public int Count(FigureColor color) => Enumerable.Range(0, Width * Height).Count(i => this[i % Width, i / Width] == color);

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 1) == 0 ? crc >> 1 : 0xEDB88320 ^ (crc >> 1);
        }
        return ~crc;
    }
}
