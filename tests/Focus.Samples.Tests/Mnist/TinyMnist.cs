using System.Buffers.Binary;

namespace Focus.Samples.Tests;

/// <summary>A few random images in MNIST's files, brighter the higher their label.</summary>
internal static class TinyMnist
{
    public const int TrainImages = 64, TestImages = 16;

    private const int Side = 28, Classes = 10;

    public static void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        var random = new Random(1);
        Write(folder, "train", TrainImages, random);
        Write(folder, "t10k", TestImages, random);
    }

    private static void Write(string folder, string prefix, int count, Random random)
    {
        var labels = Enumerable.Range(0, count).Select(row => (byte)(row % Classes)).ToArray();
        var pixels = labels.SelectMany(label => Enumerable.Range(0, Side * Side)
            .Select(pixel => (byte)(random.Next(3) == 0 ? 20 * label + random.Next(60) : 0)));
        File.WriteAllBytes(Path.Combine(folder, $"{prefix}-labels-idx1-ubyte"), [.. Header(0x801, count), .. labels]);
        File.WriteAllBytes(Path.Combine(folder, $"{prefix}-images-idx3-ubyte"), [.. Header(0x803, count, Side, Side), .. pixels]);
    }

    private static byte[] Header(params int[] numbers) => [.. numbers.SelectMany(number =>
    {
        var bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        return bytes;
    })];
}
