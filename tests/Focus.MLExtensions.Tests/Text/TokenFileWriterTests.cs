namespace Focus.Tests;

[TestClass]
public sealed class TokenFileWriterTests
{
    private readonly TemporaryFolder folder = new();

    [TestCleanup]
    public void Clean() => folder.Dispose();

    [TestMethod]
    [DataRow(TokenWidth.UInt16, 65_536)]
    [DataRow(TokenWidth.UInt32, 200_000)]
    public void WhatIsWrittenIsRead(TokenWidth width, int vocabulary)
    {
        int[] tokens = [.. Enumerable.Range(0, 100_001).Select(i => (int)(i * 7919L % vocabulary))];
        var path = folder.File("new/train.bin");
        using (var writer = new TokenFileWriter(path, width))
        {
            writer.Write(tokens.AsSpan(0, 3));
            writer.Write(tokens.AsSpan(3));
            Assert.AreEqual(tokens.Length, writer.Count);
            writer.Complete();
        }

        using var file = TokenFile.Open(path, width);
        var read = new int[file.Count];
        file.Read(0, read);
        CollectionAssert.AreEqual(tokens, read);
    }

    [TestMethod]
    public void IsNanoGptsFormat()
    {
        var path = folder.File("train.bin");
        using (var writer = new TokenFileWriter(path))
        {
            writer.Write([1, 50256, 65535]);
            writer.Complete();
        }

        CollectionAssert.AreEqual(new byte[] { 1, 0, 0x50, 0xC4, 0xFF, 0xFF }, File.ReadAllBytes(path));
    }

    [TestMethod]
    public void LeavesNothingBehindUnlessCompleted()
    {
        folder.Write("train.bin", "old");
        using (var writer = new TokenFileWriter(folder.File("train.bin"))) writer.Write(new int[100_000]);

        CollectionAssert.AreEqual(new[] { "train.bin" }, folder.FileNames.ToArray());
        Assert.AreEqual("old", File.ReadAllText(folder.File("train.bin")));
    }

    [TestMethod]
    public void RefusesIdsThatDoNotFit()
    {
        using var writer = new TokenFileWriter(folder.File("train.bin"));
        writer.Write([65_535]);

        var error = Assert.Throws<ArgumentOutOfRangeException>(() => writer.Write([0, 65_536]));

        StringAssert.Contains(error.Message, "Token 2 ");
        StringAssert.Contains(error.Message, folder.File("train.bin"));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Write([-1]));
        Assert.AreEqual(1, writer.Count);
    }

    [TestMethod]
    public void ChoosesTheWidthByTheVocabulary()
    {
        Assert.AreEqual(TokenWidth.UInt16, TokenFile.WidthFor(50_257));
        Assert.AreEqual(TokenWidth.UInt16, TokenFile.WidthFor(65_536));
        Assert.AreEqual(TokenWidth.UInt32, TokenFile.WidthFor(65_537));
    }
}
