using System.Text;

namespace Focus.Tests;

[TestClass]
public sealed class TextFilesTests
{
    private readonly TemporaryFolder folder = new();

    [TestCleanup]
    public void Clean() => folder.Dispose();

    [TestMethod]
    public void FilesFoldersAndPatternsGiveDocumentsInTheOrderOfTheirNames()
    {
        folder.Write("b.txt", "B");
        folder.Write("a.txt", "Ä\r\n");
        folder.Write("deep/er/c.txt", "C");
        folder.Write("deep/no.md", "no");

        CollectionAssert.AreEqual(new[] { "Ä\n", "B", "C" }, Read(folder.Path).Texts);
        CollectionAssert.AreEqual(new[] { "Ä\n", "B", "C" }, Read(folder.File("**/*.txt")).Texts);
        CollectionAssert.AreEqual(new[] { "Ä\n", "B" }, Read(folder.File("*.txt")).Texts);
        CollectionAssert.AreEqual(new[] { "C", "no" }, Read(folder.File("deep/**/*")).Texts);
        var both = new DocumentsRead(TextDocuments.FromFiles([folder.File("b.txt"), folder.File("*.txt")]));
        CollectionAssert.AreEqual(new[] { "B", "Ä\n" }, both.Texts, "each file once, the paths in the order given");
        Assert.AreEqual(folder.File("b.txt"), both.Documents[0].Source);
        var relative = Path.GetRelativePath(Environment.CurrentDirectory, folder.File("b.txt"));
        CollectionAssert.AreEqual(both.Texts, new DocumentsRead(TextDocuments.FromFiles([relative, folder.File("*.txt")])).Texts);
        Assert.AreEqual(5, TextDocuments.FromFiles(folder.File("*.txt")).SourceLength);
    }

    [TestMethod]
    public void LinesGiveDocumentsWithTheirNumbers()
    {
        var path = folder.Write("a.txt", "\uFEFFfirst\r\n\n  \nsecond\n\nlast");

        var read = Read(path, perLine: true);

        CollectionAssert.AreEqual(new[] { "first", "second", "last" }, read.Texts);
        var sources = read.Documents.Select(document => document.Source).ToArray();
        CollectionAssert.AreEqual(new[] { $"{path}:1", $"{path}:4", $"{path}:6" }, sources);
    }

    [TestMethod]
    public void LinesLongerThanAnyBufferComeWhole()
    {
        var lines = Enumerable.Range(1, 40).Select(i => new string((char)('a' + (i % 26)), i * 9000)).ToArray();

        CollectionAssert.AreEqual(lines, Read(folder.Write("a.txt", string.Join('\n', lines)), perLine: true).Texts);
    }

    [TestMethod]
    [DataRow("one\r\n\r\ntwo\rthree\n\r", "one\n\ntwo\nthree\n\n")]
    [DataRow("\u0085\u2028\f", "\u0085\u2028\f")]
    public void LineBreaksAreReadAsPythonReadsThem(string file, string text)
        => CollectionAssert.AreEqual(new[] { text }, Read(folder.Write("a.txt", file)).Texts);

    [TestMethod]
    public void LineBreaksAreReadAsPythonReadsThemWhereverALongFileIsCut()
    {
        var path = folder.Write("long.txt", string.Concat(Enumerable.Repeat("ab\r\n", 1000)));
        foreach (var length in new[] { 99, 100, 101, 102 })
        {
            var parts = TextDocuments.FromFiles(path).Read(new DocumentReading { PartLength = length });
            Assert.AreEqual(string.Concat(Enumerable.Repeat("ab\n", 1000)), string.Concat(parts.Select(part => part.Text)));
        }
    }

    [TestMethod]
    public void ByteOrderMarksAreNotText()
        => CollectionAssert.AreEqual(new[] { "text" }, Read(folder.Write("a.txt", "\uFEFFtext")).Texts);

    [TestMethod]
    public void FilesThatAreNotUtf8AreReportedAndTheRestIsRead()
    {
        folder.Write("a.txt", "good");
        folder.Write("b.txt", [.. "abc"u8, 0xC3, 0x28]);
        folder.Write("c.txt", "good too");

        var read = Read(folder.Path);

        CollectionAssert.AreEqual(new[] { "good", "good too" }, read.Texts);
        Assert.AreEqual(folder.File("b.txt"), read.Broken.Single().Source);
        StringAssert.Contains(read.Broken.Single().Reason, "offset 3");
    }

    [TestMethod]
    public void LinesThatAreNotUtf8AreReportedWithTheirOffsets()
    {
        var path = folder.Write("a.txt", [.. "one\ntw"u8, 0xFF, .. "\nthree"u8]);

        var read = Read(path, perLine: true);

        CollectionAssert.AreEqual(new[] { "one", "three" }, read.Texts);
        Assert.AreEqual($"{path}:2", read.Broken.Single().Source);
        StringAssert.Contains(read.Broken.Single().Reason, "FF at offset 6");
    }

    [TestMethod]
    public void LongFilesComeInPartsThatEndWhereATokenDoes()
    {
        var random = new Random(1);
        var text = new StringBuilder("\uFEFF");
        while (text.Length < 100_000) text.Append(random.Next(5) switch { 0 => "Füße", 1 => "\n\n", 2 => " 12 ", 3 => "🎈", _ => " word" });
        var path = folder.Write("long.txt", text.ToString());

        var parts = TextDocuments.FromFiles(path).Read(new DocumentReading { PartLength = 1000 }).ToArray();

        Assert.AreEqual(text.ToString(1, text.Length - 1), string.Concat(parts.Select(part => part.Text)));
        Assert.IsTrue(parts.All(part => part.Text.Length <= 1000 && part.Source == path));
        Assert.IsTrue(parts[..^1].All(part => part.Continues && char.IsLetter(part.Text[^1])), "parts end with a letter");
        Assert.IsTrue(parts[1..].All(part => part.Text[0] == ' ' && char.IsLetter(part.Text[1])), "the next begins with a space");
        Assert.IsFalse(parts[^1].Continues);
    }

    [TestMethod]
    [DataRow(1000)]
    [DataRow(2000)]
    [DataRow(2001)]
    public void TextWithoutWordsIsCutBetweenCharacters(int length)
    {
        var text = string.Concat(Enumerable.Repeat("🎈", length));
        var path = folder.Write("long.txt", "x" + text);

        var parts = TextDocuments.FromFiles(path).Read(new DocumentReading { PartLength = 1000 }).ToArray();

        Assert.AreEqual("x" + text, string.Concat(parts.Select(part => part.Text)));
        Assert.IsTrue(parts.All(part => !char.IsLowSurrogate(part.Text[0])));
        CollectionAssert.AreEqual(parts.Select((_, i) => i < parts.Length - 1).ToArray(), parts.Select(part => part.Continues).ToArray());
    }

    [TestMethod]
    public void NothingOfALongFileThatIsNotUtf8IsHandedOver()
    {
        var path = folder.Write("long.txt", [.. Encoding.UTF8.GetBytes(new string('ä', 1_500_000)), 0xE4]);
        var broken = new List<BrokenDocument>();

        var parts = TextDocuments.FromFiles(path).Read(new DocumentReading { PartLength = 1000, Broken = broken.Add }).ToArray();

        Assert.IsEmpty(parts);
        StringAssert.Contains(broken.Single().Reason, "E4 at offset 3000000");
    }

    [TestMethod]
    public void WhatIsMissingIsOneClearError()
    {
        StringAssert.Contains(Assert.Throws<FileNotFoundException>(() => Read(folder.File("no.txt"))).Message, folder.File("no.txt"));
        StringAssert.Contains(Assert.Throws<FileNotFoundException>(() => Read(folder.File("**/*.txt"))).Message, "looked for **/*.txt in");
        Assert.Throws<FileNotFoundException>(() => Read(folder.File("no/*.txt")));
        Assert.Throws<FileNotFoundException>(() => Read(folder.Path));
        Assert.Throws<ArgumentException>(() => TextDocuments.FromFiles([]));
    }

    private static DocumentsRead Read(string path, bool perLine = false) => new(TextDocuments.FromFiles(path, perLine));
}
