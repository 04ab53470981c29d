using System.Buffers.Binary;
using System.IO.Compression;

namespace Focus.Tests;

/// <summary>IDX files made up for tests, in whole or in parts.</summary>
internal static class IdxBytes
{
    public const int Pixels = 28 * 28;

    /// <summary>Images whose pixels are (row · 7 + pixel) mod 256.</summary>
    public static byte[] Images(int count, int height = 28, int width = 28) =>
    [
        .. Numbers(0x803, count, height, width),
        .. Enumerable.Range(0, count).SelectMany(row => Enumerable.Range(0, height * width).Select(pixel => Pixel(row, pixel))),
    ];

    public static byte Pixel(int row, int pixel) => (byte)(row * 7 + pixel);

    /// <summary>Labels 3, 6, 9, 2, …: three times the row number, counted from 1, modulo 10.</summary>
    public static byte[] Labels(int count) => [.. Numbers(0x801, count), .. Enumerable.Range(0, count).Select(Label)];

    public static byte Label(int row) => (byte)((row + 1) * 3 % 10);

    public static byte[] Numbers(params int[] numbers)
    {
        var bytes = new byte[numbers.Length * sizeof(int)];
        for (var i = 0; i < numbers.Length; i++) BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(i * sizeof(int)), numbers[i]);
        return bytes;
    }

    public static byte[] Gzip(byte[] bytes)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(bytes);
        return compressed.ToArray();
    }
}
