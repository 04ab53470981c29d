namespace Focus.Tests;

[TestClass]
public sealed class TokenBufferTests
{
    [TestMethod]
    public void GivesBackWhatWasAppendedAcrossChunksAndWidths()
    {
        var random = new Random(1);
        using var buffer = new TokenBuffer();
        var expected = new List<int>();
        while (expected.Count < 3_000_000)
        {
            var highest = expected.Count is > 500_000 and < 2_200_000 && random.Next(4) == 0 ? 100_000 : 65_536;
            int[] tokens = [.. Enumerable.Range(0, random.Next(1, 200_000)).Select(_ => random.Next(highest))];
            buffer.Append(tokens);
            expected.AddRange(tokens);
        }

        Assert.AreEqual(expected.Count, buffer.Count);
        foreach (var (start, length) in new[] { (0, expected.Count), (1_000_000, 100_000), (expected.Count - 1, 1), (5, 0) })
        {
            var read = new int[length];
            buffer.Read(start, read);
            Assert.IsTrue(read.AsSpan().SequenceEqual(expected.GetRange(start, length).ToArray()));
        }
    }

    [TestMethod]
    public void TakesTwoBytesATokenWhileIdsFit()
    {
        using var buffer = new TokenBuffer();
        var tokens = new int[1 << 20];
        var before = GC.GetTotalMemory(forceFullCollection: true);

        for (var i = 0; i < 16; i++) buffer.Append(tokens);

        Assert.IsLessThan(36L << 20, GC.GetTotalMemory(forceFullCollection: true) - before);
    }

    [TestMethod]
    public void RefusesNegativeIdsAndRangesOutside()
    {
        using var buffer = new TokenBuffer("corpus");
        buffer.Append([1, 2]);

        StringAssert.Contains(Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Append([1, -1])).Message, "tokens[1] is -1");
        Assert.AreEqual(2, buffer.Count);
        var outside = Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Read(1, new int[2]));
        StringAssert.Contains(outside.Message, "corpus holds 2 tokens");
    }
}
