using System.Formats.Tar;
using Parquet;
using static Focus.Tests.Archives;

namespace Focus.Tests;

[TestClass]
public sealed class OpenWebTextTests
{
    private static readonly (string, byte[])[] Texts = [("0000-a.txt", Utf8("Alpha")), ("0001-b.txt", Utf8("Bêta 🎈")), ("empty.txt", [])];

    private readonly TemporaryFolder folder = new();

    [TestCleanup]
    public void Clean() => folder.Dispose();

    [TestMethod]
    public void TheDistributionIsReadFromItsOneArchive()
    {
        var archive = Xz(Tar(
            ("openwebtext/", []),
            ("openwebtext/urlsf_subset00-0_data.xz", Xz(Tar(Texts))),
            ("openwebtext/urlsf_subset00-1_data.xz", Xz(Tar(("0002-c.txt", Utf8("Gamma")))))));
        var path = folder.Write("openwebtext.tar.xz", archive);

        var read = Read(path);

        CollectionAssert.AreEqual(new[] { "Alpha", "Bêta 🎈", "", "Gamma" }, read.Texts);
        Assert.AreEqual($"{path}/openwebtext/urlsf_subset00-1_data.xz/0002-c.txt", read.Documents[3].Source);
        Assert.IsEmpty(read.Broken);
    }

    [TestMethod]
    public void AFolderOfAnythingIsReadInTheOrderOfTheNames()
    {
        folder.Write("1.tar", Tar(TarEntryFormat.Gnu, Texts));
        folder.Write("2.tar.gz", Gzip(Tar(TarEntryFormat.V7, ("x.txt", Utf8("X")))));
        folder.Write("3.jsonl", """{"text":"line"}""");
        folder.Write("4.json.gz", Gzip(Utf8("""{"id":1,"text":"packed ü"}""" + "\n")));
        folder.Write("5.ndjson.xz", Xz(Utf8("""{"text":"xz"}""")));
        folder.Write("6/7.txt", "plain");
        folder.Write("8.txt.gz", Gzip(Utf8("gzipped")));

        var read = Read(folder.Path);

        CollectionAssert.AreEqual(new[] { "Alpha", "Bêta 🎈", "", "X", "line", "packed ü", "xz", "plain", "gzipped" }, read.Texts);
        Assert.IsEmpty(read.Broken);
    }

    [TestMethod]
    public void SeveralXzStreamsInOneFileAreOneText()
        => CollectionAssert.AreEqual(new[] { "onetwo" }, Read(folder.Write("a.txt.xz", [.. Xz(Utf8("one")), .. Xz(Utf8("two"))])).Texts);

    [TestMethod]
    public void SeveralGzipStreamsInOneFileAreOneText()
    {
        var path = folder.Write("a.txt.gz", [.. Gzip(Utf8("one")), .. Gzip(Utf8("two"))]);

        CollectionAssert.AreEqual(new[] { "onetwo" }, Read(path).Texts);
    }

    [TestMethod]
    public void CompressedTextsCutAnywhereAreReported()
    {
        var text = Utf8(string.Join(' ', Enumerable.Range(0, 1000)));
        foreach (var (name, bytes) in new[]
        {
            ("a.txt.gz", Gzip(text)), ("a.txt.xz", Xz(text)), ("a.txt.zst", Zstandard(text)), ("a.txt.bz2", Bzip2(text)), ("a.zip", Zip(("a.txt", text))),
        })
            for (var length = 20; length < bytes.Length; length += 1 + (length / 100))
            {
                var read = Read(folder.Write(name, bytes[..length]));
                Assert.IsEmpty(read.Texts);
                Assert.HasCount(1, read.Broken);
            }
    }

    [TestMethod]
    public void BrokenLinesOfJsonAreReported()
    {
        var lines = new[]
        {
            """{"text":"good"}""", """{"text":5}""", """{"title":"no text"}""", """{"text":"cut""", "[]", "",
            """{"text":"\ud800"}""", """{"text":"good too"}""",
        };
        byte[] json = [0xEF, 0xBB, 0xBF, .. Utf8(string.Join("\r\n", lines)), (byte)'\n', .. "{\"text\":\""u8, 0xFF, .. "\"}"u8];
        var path = folder.Write("a.jsonl", json);

        var read = Read(path);

        CollectionAssert.AreEqual(new[] { "good", "good too" }, read.Texts);
        CollectionAssert.AreEqual(
            new[] { 2, 3, 4, 5, 7, 9 }.Select(line => $"{path}:{line}").ToArray(), read.Broken.Select(broken => broken.Source).ToArray());
        StringAssert.Contains(read.Broken[0].Reason, "offset 20");
    }

    [TestMethod]
    [DataRow("""{"score":NaN,"limit":-Infinity,"text":"good"}""")]
    [DataRow("""{"raw":"\ud800 \x","text":"good","other":[{"text":"bad"},"}]"]}""")]
    [DataRow("""{"text":"bad","text":"good","n":01,"hex":0x1F}""")]
    [DataRow("""{"te\u0078t":"goo\u0064"}""")]
    public void FieldsThatAreNotNeededMayBeWhatOthersAccept(string line)
    {
        var deep = $$"""{"deep":{{new string('[', 5000)}}{{new string(']', 5000)}},"text":"good"}""";
        byte[] bytes = [.. Utf8(line), .. "\n{\"url\":\""u8, 0xFF, .. "\",\"text\":\"good\"}\n"u8, .. Utf8(deep)];

        var read = Read(folder.Write("a.jsonl", bytes));

        Assert.IsEmpty(read.Broken);
        CollectionAssert.AreEqual(new[] { "good", "good", "good" }, read.Texts);
    }

    [TestMethod]
    public void AnArrayOfJsonIsReadElementByElement()
    {
        var path = folder.Write("a.json", "\uFEFF\n [ {\n \"text\": \"one, [two] \\\"\"\n}, {\"text\":\"three\\\\\"},\n 5, {\"n\":[{}]},{\"text\":\"four\"}\n]\n");

        var read = Read(path);

        CollectionAssert.AreEqual(new[] { "one, [two] \"", "three\\", "four" }, read.Texts);
        CollectionAssert.AreEqual(new[] { $"{path}[2]", $"{path}[3]" }, read.Broken.Select(broken => broken.Source).ToArray());
        Assert.AreEqual($"{path}[4]", read.Documents[2].Source);
    }

    [TestMethod]
    [DataRow("""[{"text":"one"},{"text":"two" """, 1)]
    [DataRow("""[{"text":"one"}] {"text":"two"}""", 1)]
    public void AnArrayWithoutItsEndIsReportedAndItsStartRead(string json, int broken)
    {
        var read = Read(folder.Write("a.json", json));

        CollectionAssert.AreEqual(new[] { "one" }, read.Texts);
        Assert.HasCount(broken, read.Broken);
    }

    [TestMethod]
    public void ElementsLongerThanAnyBufferComeWhole()
    {
        var texts = Enumerable.Range(1, 40).Select(i => new string((char)('a' + (i % 26)), i * 9000)).ToArray();

        CollectionAssert.AreEqual(texts, Read(folder.Write("a.json", $"[{string.Join(',', texts.Select(text => $$"""{"text":"{{text}}"}"""))}]")).Texts);
    }

    [TestMethod]
    public void TheShardsOfADataSetAreReadInTheirOrderWhateverTheyAreCompressedBy()
    {
        folder.Write("data/train-00000-of-00005.parquet", ParquetFile("text", ["Alpha\r\n", null, "Bêta 🎈"], ["Gamma"]));
        folder.Write("data/train-00001-of-00005.jsonl.zst", [.. Zstandard(Utf8("{\"text\":\"one\"}\n")), .. Zstandard(Utf8("{\"text\":\"two\"}"))]);
        folder.Write("data/train-00002-of-00005.txt.bz2", [.. Bzip2(Utf8("three ")), .. Bzip2(Utf8("four"))]);
        folder.Write("data/train-00003-of-00005.zip", Zip(("a.txt", Utf8("five")), ("b/", []), ("b/c.jsonl.zst", Zstandard(Utf8("{\"text\":\"six\"}")))));
        folder.Write("data/train-00004-of-00005.tar.zst", Zstandard(Tar(("d.txt.bz2", Bzip2(Utf8("seven"))))));

        var read = Read(folder.Path);

        CollectionAssert.AreEqual(new[] { "Alpha\r\n", "Bêta 🎈", "Gamma", "one", "two", "three four", "five", "six", "seven" }, read.Texts);
        Assert.AreEqual(folder.File("data/train-00000-of-00005.parquet") + ":2", read.Broken.Single().Source);
        Assert.AreEqual(folder.File("data/train-00000-of-00005.parquet") + ":4", read.Documents[2].Source);
    }

    [TestMethod]
    [DataRow(CompressionMethod.None)]
    [DataRow(CompressionMethod.Snappy)]
    [DataRow(CompressionMethod.Gzip)]
    [DataRow(CompressionMethod.Zstd)]
    public void ParquetIsReadInItsCommonCompressions(CompressionMethod compression)
    {
        string?[] texts = [.. Enumerable.Range(0, 3000).Select(i => i % 7 == 0 ? null : $"{i}: {new string((char)('a' + i % 26), i % 40)}")];
        var read = Read(folder.Write("texts.parquet", ParquetFile(compression, "text", texts[..2000], texts[2000..])));
        CollectionAssert.AreEqual(texts.Where(text => text is not null).ToArray(), read.Texts);
        Assert.HasCount(texts.Count(text => text is null), read.Broken);
    }

    [TestMethod]
    public void WhatIsNotReadIsNamedWithTheWayOut()
    {
        folder.Write("a.parquet", ParquetFile("content", ["a"]));
        folder.Write("b.arrow", "ARROW1");
        folder.Write("c.parquet.gz", Gzip(ParquetFile("text", ["c"])));
        folder.Write("c.zip.gz", Gzip(Zip(("c.txt", Utf8("c")))));
        folder.Write("d.7z", [(byte)'7', (byte)'z', 0xBC, 0xAF, 0x27, 0x1C]);
        folder.Write("e.txt.bz2", [.. Bzip2(Utf8("e")), .. "BZh"u8]);

        var read = Read(folder.Path);

        Assert.IsEmpty(read.Texts);
        CollectionAssert.AreEqual(
            new[] { "a.parquet", "b.arrow", "c.parquet.gz", "c.zip.gz", "d.7z", "e.txt.bz2" }.Select(folder.File).ToArray(),
            read.Broken.Select(broken => broken.Source).ToArray());
        foreach (var (broken, part) in read.Broken.Zip(["id, content", "to_parquet", "unpack", "unpack", "unpack", "bzip2"])) StringAssert.Contains(broken.Reason, part);
    }

    [TestMethod]
    public void ArchivesWithinThemselvesComeToAnEnd()
    {
        var nested = Utf8("deep");
        for (var i = 0; i < 8; i++) nested = Gzip(nested);
        folder.Write("a.txt" + string.Concat(Enumerable.Repeat(".gz", 8)), nested);
        for (var i = 0; i < 40; i++) nested = Gzip(nested);
        var path = folder.Write("b.gz", nested);

        var read = Read(folder.Path);

        CollectionAssert.AreEqual(new[] { "deep" }, read.Texts);
        Assert.AreEqual(path, read.Broken.Single().Source);
    }

    [TestMethod]
    public void NoNameInAnArchiveIsAPath()
    {
        (string, byte[])[] entries = [("../../escaped.txt", Utf8("one")), ("/escaped.txt", Utf8("two"))];
        folder.Write("deep/er/a.tar", Tar(entries));
        folder.Write("deep/er/b.zip", Zip(entries));

        CollectionAssert.AreEqual(new[] { "one", "two", "one", "two" }, Read(folder.Path).Texts);
        Assert.HasCount(2, Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories));
        Assert.IsFalse(File.Exists("/escaped.txt"));
    }

    [TestMethod]
    public void WhatIsInAnArchiveAndNoTextIsReportedAndTheRestIsRead()
    {
        var cut = Xz(Utf8("x"))[..20];
        var path = folder.Write("a.tar", Tar(("image.png", [1, 2, 3]), ("bad.txt", [0xFF]), ("bad.xz", cut), ("good.txt", Utf8("good"))));

        var read = Read(path);

        CollectionAssert.AreEqual(new[] { "good" }, read.Texts);
        CollectionAssert.AreEqual(
            new[] { $"{path}/image.png", $"{path}/bad.txt", $"{path}/bad.xz" }, read.Broken.Select(broken => broken.Source).ToArray());
    }

    [TestMethod]
    [DataRow("a.tar")]
    [DataRow("a.tar.gz")]
    [DataRow("a.tar.xz")]
    public void OfAnArchiveCutShortWhatIsBeforeTheCutIsKept(string name)
    {
        var random = new Random(1);
        (string, byte[])[] entries =
            [.. Enumerable.Range(0, 50).Select(i => ($"{i:D2}.txt", Utf8(Convert.ToHexString(Bytes(random, 5000)))))];
        var tar = Tar(entries);
        var bytes = name.EndsWith("gz") ? Gzip(tar) : name.EndsWith("xz") ? Xz(tar) : tar;
        folder.Write("b.txt", "after");

        foreach (var share in new[] { 0.1, 0.5, 0.9 })
        {
            var path = folder.Write(name, bytes[..(int)(share * bytes.Length)]);
            var read = Read(folder.Path);

            Assert.IsGreaterThan(40 * share, read.Texts.Length);
            for (var i = 0; i < read.Texts.Length - 1; i++) CollectionAssert.AreEqual(entries[i].Item2, Utf8(read.Texts[i]));
            Assert.AreEqual("after", read.Texts[^1]);
            Assert.AreEqual(path, read.Broken[^1].Source);
            StringAssert.Contains(read.Broken[^1].Reason, "cut short");
        }
    }

    [TestMethod]
    public void DamageAnywhereIsReportedAndNeverFatal()
    {
        var random = new Random(1);
        var sound = new[] { ".tar", ".tar.gz", ".tar.xz", ".jsonl", ".tar.zst", ".tar.bz2", ".zip", ".parquet" }.ToDictionary(ending => ending, Sound);
        for (var i = 0; i < 400; i++)
        {
            var (ending, bytes) = sound.ElementAt(i % sound.Count);
            var damaged = bytes.ToArray();
            for (var j = 0; j < 1 + (i % 7); j++) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            var path = folder.Write("a" + ending, damaged[..random.Next(1, damaged.Length)]);

            var read = Read(path);
            if (ending is not (".tar" or ".jsonl")) Assert.IsNotEmpty(read.Broken);
            File.Delete(path);
        }

        static byte[] Sound(string ending)
        {
            var tar = Tar(("a.txt", Utf8(new string('a', 2000))), ("b.xz", Xz(Tar(Texts))), ("c.txt", Utf8("c")));
            return ending switch
            {
                ".tar.gz" => Gzip(tar),
                ".tar.xz" => Xz(tar),
                ".tar.zst" => Zstandard(tar),
                ".tar.bz2" => Bzip2(tar),
                ".zip" => Zip(("a.txt", Utf8(new string('a', 2000))), ("b.tar", tar)),
                ".parquet" => ParquetFile("text", ["a", "b"], ["c"]),
                ".jsonl" => Utf8("{" + new string(' ', 100) + "}"),
                _ => tar,
            };
        }
    }

    [TestMethod]
    public void ArchivesAreReadAsTheyStream()
    {
        (string, byte[])[] entries = [.. Enumerable.Range(0, 100).Select(i => ($"{i}.txt", Utf8(new string('x', 500_000))))];
        var path = folder.Write("a.tar.xz", Xz(Tar(entries)));
        GC.Collect();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var most = 0L;

        foreach (var (document, i) in TextDocuments.FromOpenWebText(path).Select((document, i) => (document, i)))
            if (i % 20 == 0) most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);

        Assert.IsLessThan(16L << 20, most, "50 MB of text");
    }

    [TestMethod]
    public void WhatIsMissingIsOneClearError()
    {
        Assert.Throws<FileNotFoundException>(() => TextDocuments.FromOpenWebText(folder.File("openwebtext.tar.xz")));
        Assert.Throws<FileNotFoundException>(() => TextDocuments.FromOpenWebText(folder.Path));
        Assert.Throws<FileNotFoundException>(() => TextDocuments.FromOpenWebText(folder.File("*.xz")));
    }

    private static byte[] Bytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static DocumentsRead Read(string path) => new(TextDocuments.FromOpenWebText(path));
}
