using System.Buffers.Binary;

namespace Focus.Tests;

[TestClass]
public sealed class TokenFileTests
{
    private readonly TemporaryFolder folder = new();

    [TestCleanup]
    public void Clean() => folder.Dispose();

    [TestMethod]
    [DataRow(TokenWidth.UInt16)]
    [DataRow(TokenWidth.UInt32)]
    public void ReadsWhatIsLittleEndianInTheFile(TokenWidth width)
    {
        int[] tokens = [.. Enumerable.Range(0, 1000).Select(i => (i * 65) + 1)];
        var path = folder.Write("train.bin", Encode(tokens, width));

        using var file = TokenFile.Open(path, width);

        Assert.AreEqual(1000, file.Count);
        foreach (var (start, length) in new[] { (0, 1000), (1, 999), (17, 100), (999, 1), (1000, 0) })
            CollectionAssert.AreEqual(tokens[start..(start + length)], Read(file, start, length));
    }

    [TestMethod]
    [DataRow(-1, 1)]
    [DataRow(0, 11)]
    [DataRow(10, 1)]
    [DataRow(long.MaxValue, 1)]
    public void RefusesRangesOutsideTheTokens(long start, int length)
    {
        using var file = TokenFile.Open(folder.Write("train.bin", new byte[20]));

        var error = Assert.Throws<ArgumentOutOfRangeException>(() => Read(file, start, length));

        StringAssert.Contains(error.Message, file.Name);
        StringAssert.Contains(error.Message, "10 tokens");
    }

    [TestMethod]
    public void OpensASeventeenGigabyteFileWithoutReadingIt()
    {
        const long Length = 17_000_000_000;
        var path = folder.File("sparse.bin");
        using (var stream = File.Create(path))
        {
            stream.SetLength(Length);
            stream.Position = Length - 4;
            stream.Write([0x39, 0x30, 0x50, 0xC4]);
        }
        var before = ResidentBytes();

        using var file = TokenFile.Open(path);

        Assert.AreEqual(Length / 2, file.Count);
        CollectionAssert.AreEqual(new[] { 0, 12345, 50256 }, Read(file, file.Count - 3, 3));
        Assert.IsLessThan(50L << 20, ResidentBytes() - before);
    }

    [TestMethod]
    public void ManyThreadsReadAtRandomPlaces()
    {
        int[] tokens = [.. Enumerable.Range(0, 60_000)];
        using var file = TokenFile.Open(folder.Write("train.bin", Encode(tokens, TokenWidth.UInt16)));

        Parallel.For(0, 8, seed =>
        {
            var random = new Random(seed);
            for (var i = 0; i < 500; i++)
            {
                var start = random.Next(tokens.Length - 1025);
                Assert.IsTrue(tokens.AsSpan(start, 1025).SequenceEqual(Read(file, start, 1025)));
            }
        });
    }

    [TestMethod]
    public void NamesTheOffsetWhereATokenIsCut()
    {
        var path = folder.Write("train.bin", new byte[7]);

        var narrow = Assert.Throws<InvalidDataException>(() => TokenFile.Open(path));
        var wide = Assert.Throws<InvalidDataException>(() => TokenFile.Open(path, TokenWidth.UInt32));

        StringAssert.Contains(narrow.Message, $"{path} is 7 bytes long");
        StringAssert.Contains(wide.Message, "3 bytes from offset 4");
    }

    [TestMethod]
    public void RefusesEmptyAndMissingFilesAndFolders()
    {
        var empty = folder.Write("empty.bin", "");
        StringAssert.Contains(Assert.Throws<InvalidDataException>(() => TokenFile.Open(empty)).Message, "is empty");
        var missing = Assert.Throws<FileNotFoundException>(() => TokenFile.Open(folder.File("no.bin")));
        StringAssert.Contains(missing.Message, folder.File("no.bin"));
        StringAssert.Contains(Assert.Throws<FileNotFoundException>(() => TokenFile.Open(folder.Path)).Message, "found a folder");
        Assert.Throws<ArgumentOutOfRangeException>(() => TokenFile.Open(empty, (TokenWidth)3));
    }

    [TestMethod]
    public void RefusesWideTokensThatAreNoIds()
    {
        using var file = TokenFile.Open(folder.Write("train.bin", [1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]), TokenWidth.UInt32);

        var error = Assert.Throws<InvalidDataException>(() => Read(file, 0, 2));

        StringAssert.Contains(error.Message, "index 1 (byte 4) is 4294967295");
    }

    [TestMethod]
    public void NamesTheTokenBeyondTheVocabulary()
    {
        using var file = TokenFile.Open(folder.Write("train.bin", Encode([5, 9, 10, 3], TokenWidth.UInt16)));
        var tokens = new int[3];

        file.Read(0, tokens.AsSpan(0, 2), vocabularySize: 10);
        var error = Assert.Throws<InvalidDataException>(() => file.Read(1, tokens, vocabularySize: 10));

        StringAssert.Contains(error.Message, "the token at index 2 is 10");
    }

    [TestMethod]
    public void ReadingAfterOrDuringDisposalThrowsInsteadOfCrashing()
    {
        var path = folder.Write("train.bin", new byte[1 << 20]);
        for (var i = 0; i < 20; i++)
        {
            var file = TokenFile.Open(path);
            var reader = Task.Run(() =>
            {
                while (true) Read(file, 1000, 100_000);
            });
            file.Dispose();
            file.Dispose();
            Assert.Throws<ObjectDisposedException>(() => reader.GetAwaiter().GetResult());
        }
    }

    private static int[] Read(TokenSource tokens, long start, int length)
    {
        var destination = new int[length];
        tokens.Read(start, destination);
        return destination;
    }

    private static byte[] Encode(int[] tokens, TokenWidth width)
    {
        var bytes = new byte[tokens.Length * (int)width];
        for (var i = 0; i < tokens.Length; i++)
            if (width == TokenWidth.UInt16) BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 * i), (ushort)tokens[i]);
            else BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4 * i), (uint)tokens[i]);
        return bytes;
    }

    private static long ResidentBytes()
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
