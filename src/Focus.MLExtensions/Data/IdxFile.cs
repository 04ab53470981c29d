using System.Buffers.Binary;
using System.IO.Compression;

namespace Focus;

/// <summary>A file of unsigned bytes in the IDX format of MNIST: a magic number, big-endian sizes, and the bytes.</summary>
/// <remarks>Whether a file is gzipped is told by its first bytes, not by its name.</remarks>
internal sealed class IdxFile
{
    private const int MagicOfVectors = 0x0801, MagicOfImages = 0x0803;

    private readonly byte[] bytes;
    private readonly int headerSize;

    private IdxFile(byte[] bytes, int headerSize, int count) => (this.bytes, this.headerSize, Count) = (bytes, headerSize, count);

    /// <summary>The number of items.</summary>
    public int Count { get; }

    /// <summary>The items one after the other.</summary>
    public ReadOnlySpan<byte> Data => bytes.AsSpan(headerSize);

    /// <summary>Where an item's byte stands in the file, decompressed.</summary>
    public long Offset(long item) => headerSize + item;

    /// <summary>Reads a file of single bytes, such as labels.</summary>
    public static IdxFile ReadVector(string path) => Read(path, MagicOfVectors, "labels", []);

    /// <summary>Reads a file of images of the given size.</summary>
    public static IdxFile ReadImages(string path, int height, int width) => Read(path, MagicOfImages, "images", [height, width]);

    private static IdxFile Read(string path, int magic, string content, ReadOnlySpan<int> itemSize)
    {
        var bytes = Decompress(path);
        var headerSize = sizeof(int) * (2 + itemSize.Length);
        if (bytes.Length >= sizeof(int)) RequireMagic(path, Number(bytes, 0), magic, content);
        if (bytes.Length < headerSize)
            throw Fault(path, bytes.Length, $"expected a header of {headerSize} bytes, found the end of the file");

        var count = Number(bytes, sizeof(int));
        if (count < 0) throw Fault(path, sizeof(int), $"expected a number of {content}, found {count}");
        long expected = count;
        for (var i = 0; i < itemSize.Length; i++)
        {
            var offset = sizeof(int) * (2 + i);
            var size = Number(bytes, offset);
            if (size != itemSize[i])
                throw Fault(path, offset, $"expected images of {string.Join(" × ", itemSize.ToArray())} pixels, found {size} instead of {itemSize[i]}");
            expected *= size;
        }

        var found = bytes.Length - headerSize;
        if (found < expected)
            throw Fault(path, bytes.Length, $"expected {expected} bytes after the header for {count} {content}, found {found}: the file is cut short");
        if (found > expected)
            throw Fault(path, headerSize + expected, $"expected the end of the file after {count} {content}, found {found - expected} more bytes");
        return new IdxFile(bytes, headerSize, count);
    }

    private static void RequireMagic(string path, int found, int expected, string content)
    {
        if (found == expected) return;
        var hint = found is MagicOfImages or MagicOfVectors ? "; the image and the label file seem to be swapped" : "";
        throw Fault(path, 0, $"expected the magic number 0x{expected:x8} of a file of {content}, found 0x{found:x8}{hint}");
    }

    private static int Number(byte[] bytes, int offset) => BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(offset));

    private static byte[] Decompress(string path)
    {
        var bytes = File.ReadAllBytes(path);
        if (bytes is not [0x1f, 0x8b, ..]) return bytes;

        using var plain = new MemoryStream();
        try
        {
            using var gzip = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress);
            gzip.CopyTo(plain);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"'{path}' is damaged or cut short: after {plain.Length} bytes it cannot be decompressed further.", error);
        }
        return plain.ToArray();
    }

    private static InvalidDataException Fault(string path, long offset, string fault) => new($"'{path}', byte {offset}: {fault}.");
}
