using static Focus.Tests.Archives;
using System.Text.Json;

namespace Focus.Tests;

[TestClass]
public sealed class CorpusPreparationTests
{
    private static readonly NamedTokenizer Letters = NamedTokenizer.Characters(CharacterTokenizer.Learn(["abcdefghijklmnopqrstuvwxyz ."]));

    private readonly TemporaryFolder folder = new();

    [TestCleanup]
    public void Clean() => folder.Dispose();

    [TestMethod]
    public void DocumentsFollowEachOtherEachWithItsSeparator()
    {
        var corpus = Prepare(Texts("abc", "", "ba"), Options() with { ValidationShare = 0, Separator = Id('.') });

        int[] expected = [.. Ids("abc."), .. Ids("."), .. Ids("ba.")];
        CollectionAssert.AreEqual(expected, Tokens(corpus.OpenTrain()));
        Assert.IsNull(corpus.OpenValidation());
        CollectionAssert.AreEqual(new[] { "meta.json", "train.bin" }, folder.FileNames.ToArray());
        Assert.AreEqual((3L, 5L, 8L, 0L), (corpus.Documents, corpus.TextBytes, corpus.TrainTokens, corpus.ValidationTokens));
    }

    [TestMethod]
    public void TheDescriptionIsReadBackWithTheTokenizer()
    {
        var corpus = Prepare(Many(200), Options() with { Seed = 7, ValidationShare = 0.25 });

        var read = PreparedCorpus.Open(folder.Path);

        Assert.AreEqual(JsonSerializer.Serialize(corpus), JsonSerializer.Serialize(read));
        CollectionAssert.AreEqual(Letters.Vocabulary!.ToArray(), read.CreateTokenizer().Vocabulary!.ToArray());
        Assert.AreEqual(TokenWidth.UInt16, read.TokenWidth);
        Assert.AreEqual(
            ("characters", 28, 7L, 0.25, 200L),
            (read.Tokenizer, read.VocabularySize, read.Seed, read.ValidationShare, read.Documents));
        Assert.AreEqual(corpus.TextBytes, corpus.TrainTokens + corpus.ValidationTokens);
    }

    [TestMethod]
    public void ATokenizerIsPassedOnWithoutACorpus()
    {
        PreparedCorpus.Of(Letters).Write(folder.Path);

        var read = PreparedCorpus.Open(folder.Path);

        CollectionAssert.AreEqual(Letters.Vocabulary!.ToArray(), read.CreateTokenizer().Vocabulary!.ToArray());
        Assert.AreEqual((0L, 0L), (read.Documents, read.TrainTokens));
    }

    [TestMethod]
    [DataRow("\"uInt16\"", "3", "meta.json")]
    [DataRow("\"characters\"", "null", "meta.json")]
    [DataRow("\"characters\"", "\"letters\"", "meta.json", "'letters'", "'characters'")]
    [DataRow("\"b\"", "\"a\"", "meta.json", "Entries")]
    [DataRow("\"b\"", "\"bb\"", "meta.json", "'bb'")]
    public void ADamagedDescriptionIsNamed(string found, string changed, params string[] parts)
    {
        Prepare(Texts("abc"), Options());
        var path = folder.File("meta.json");
        var text = File.ReadAllText(path);
        StringAssert.Contains(text, found);
        File.WriteAllText(path, text.Replace(found, changed));

        var error = Assert.Throws<InvalidDataException>(() => PreparedCorpus.Open(folder.Path).CreateTokenizer());

        foreach (var part in parts) StringAssert.Contains(error.Message, part);
    }

    [TestMethod]
    public void WholeDocumentsAreDrawnByTheSeed()
    {
        var texts = Enumerable.Range(0, 4000).Select(i => new string((char)('a' + (i % 26)), 1 + (i % 3))).ToArray();

        var corpus = Prepare(Texts(texts), Options("one") with { ValidationShare = 0.1, Seed = 1, Separator = Id('.') });
        var other = Prepare(Texts(texts), Options("two") with { ValidationShare = 0.1, Seed = 2, Separator = Id('.') });

        var drawn = Documents(corpus.OpenValidation()!);
        Assert.IsTrue(drawn.Length is > 340 and < 460, $"{drawn.Length} of 4000");
        Assert.AreEqual(4000, drawn.Length + Documents(corpus.OpenTrain()).Length);
        CollectionAssert.AreEquivalent(texts, drawn.Concat(Documents(corpus.OpenTrain())).ToArray());
        CollectionAssert.AreNotEqual(Tokens(corpus.OpenValidation()!), Tokens(other.OpenValidation()!));
    }

    [TestMethod]
    public void TheTailIsTheLastTokens()
    {
        var corpus = Prepare(Texts("abcdefghij", "klmnopqrstu"), Options() with { Split = ValidationSplit.Tail, ValidationShare = 0.1 });

        CollectionAssert.AreEqual(Ids("abcdefghijklmnopqr"), Tokens(corpus.OpenTrain()));
        CollectionAssert.AreEqual(Ids("stu"), Tokens(corpus.OpenValidation()!));
        CollectionAssert.AreEqual(new[] { "meta.json", "train.bin", "val.bin" }, folder.FileNames.ToArray());
    }

    [TestMethod]
    public void AnyNumberOfWorkersGivesTheSameFiles()
    {
        Prepare(Many(5000), Options("one") with { Workers = 1, ValidationShare = 0.1 });
        Prepare(Many(5000), Options("four") with { Workers = 4, ValidationShare = 0.1 });

        AssertSameFiles("one", "four");
    }

    [TestMethod]
    public void LongFilesGiveTheTokensOfTheirWholeText()
    {
        var text = string.Concat(Enumerable.Range(0, 20_000).Select(i => i % 7 == 0 ? "  aa." : " words"));
        var path = folder.Write("text/long.txt", text);

        var options = Options("out") with { ValidationShare = 0, Separator = Id('.'), PartLength = 1000 };
        var corpus = Prepare(TextDocuments.FromFiles(path), options);

        Assert.AreEqual(1, corpus.Documents);
        Assert.IsTrue(Ids(text + ".").AsSpan().SequenceEqual(Tokens(corpus.OpenTrain())));
    }

    [TestMethod]
    public void AnInterruptedPreparationGoesOnToTheSameFiles()
    {
        var options = Options("whole") with { ValidationShare = 0.1, Separator = Id('.') };
        Prepare(Many(6000), options);
        foreach (var stop in new[] { 1, 700, 2999, 5000 })
        {
            var interrupted = options with { Output = folder.File($"stop{stop}"), Workers = 2 };
            Assert.Throws<OperationCanceledException>(() => Cancel(interrupted, stop));
            Assert.Throws<FileNotFoundException>(() => PreparedCorpus.Open(interrupted.Output));

            Assert.Throws<OperationCanceledException>(() => Cancel(interrupted, Math.Max(stop, 3000)));
            Prepare(Many(6000), interrupted);

            AssertSameFiles("whole", $"stop{stop}");
        }
    }

    [TestMethod]
    public void AnInterruptedPreparationGoesOnWhateverFormatsTheShardsHave()
    {
        string[] texts = [.. Many(2000).Select(document => document.Text)];
        var lines = Utf8(string.Join('\n', texts.Select(text => $$"""{"text":"{{text}}"}""")));
        folder.Write("shards/0.parquet", ParquetFile("text", texts[..1500], texts[1500..]));
        folder.Write("shards/1.jsonl.zst", Zstandard(lines));
        folder.Write("shards/2.jsonl.bz2", Bzip2(lines));
        folder.Write("shards/3.zip", Zip(("a.jsonl", lines)));
        folder.Write("shards/4.json", $"[{string.Join(',', texts.Select(text => $$"""{"text":"{{text}}"}"""))}]");
        var shards = TextDocuments.FromOpenWebText(folder.File("shards"));
        var options = Options("whole") with { ValidationShare = 0.1, Separator = Id('.') };
        Assert.AreEqual(10_000, Prepare(shards, options).Documents);
        foreach (var stop in new[] { 1000, 5000, 9900 })
        {
            using var source = new CancellationTokenSource();
            var interrupted = options with { Output = folder.File($"stop{stop}") };
            var begun = shards.Select((document, i) =>
            {
                if (i == stop) source.Cancel();
                return document;
            });
            Assert.Throws<OperationCanceledException>(
                () => CorpusPreparation.Run(TextDocuments.From(begun), Letters, interrupted, progress: null, source.Token));
            Prepare(shards, interrupted);
            AssertSameFiles("whole", $"stop{stop}");
        }
    }

    [TestMethod]
    public void OnlyTheSeparatorIsTheTokenThatEndsADocument()
    {
        var options = Options("out") with { ValidationShare = 0, Separator = Gpt2Tokens.EndOfText };

        var corpus = CorpusPreparation.Run(Texts(["a<|endoftext|>b"]), NamedTokenizer.Gpt2(), options);

        CollectionAssert.AreEqual(new[] { 64, 27, 91, 437, 1659, 5239, 91, 29, 65, 50256 }, Tokens(corpus.OpenTrain()));
    }

    [TestMethod]
    public void AFailingDiskInterruptsThePreparation()
    {
        var options = Options("whole") with { ValidationShare = 0.1 };
        Prepare(Many(6000), options);
        var failing = options with { Output = folder.File("failing") };
        var corpus = Many(6000).Select((document, i) => i < 3000 ? document : throw new IOException("disk failure 17"));

        var error = Assert.Throws<IOException>(() => Prepare(TextDocuments.From(corpus), failing));

        StringAssert.Contains(error.Message, failing.Output);
        StringAssert.Contains(error.Message, "disk failure 17");
        Assert.IsTrue(new FileInfo(folder.File("failing/train.bin.part")).Length > 0);
        Prepare(Many(6000), failing);
        AssertSameFiles("whole", "failing");
    }

    [TestMethod]
    public void TokensThatAreMissingFromAPartialFileAreReported()
    {
        var options = Options("out");
        Assert.Throws<OperationCanceledException>(() => Cancel(options, 3000));
        var partial = folder.File("out/train.bin.part");
        using (var file = new FileStream(partial, FileMode.Open)) file.SetLength(200);

        var error = Assert.Throws<InvalidDataException>(() => Prepare(Many(6000), options));

        StringAssert.Contains(error.Message, $"{partial} holds 100 tokens");
    }

    [TestMethod]
    [DataRow("null")]
    [DataRow("{}")]
    [DataRow("{")]
    public void ADamagedJournalIsNamed(string text)
    {
        var path = folder.Write("out/preparation.json", text);

        StringAssert.Contains(Assert.Throws<InvalidDataException>(() => Prepare(Texts("abc"), Options("out"))).Message, path);
    }

    [TestMethod]
    public void WhatWasWrittenAfterTheLastJournalIsCutOff()
    {
        var options = Options("whole") with { ValidationShare = 0.1 };
        Prepare(Many(6000), options);
        var killed = options with { Output = folder.File("killed") };
        Assert.Throws<OperationCanceledException>(() => Cancel(killed, 3000));
        foreach (var name in new[] { "train.bin.part", "val.bin.part" })
            using (var file = new FileStream(folder.File($"killed/{name}"), FileMode.Append)) file.Write(new byte[12_345]);

        Prepare(Many(6000), killed);

        AssertSameFiles("whole", "killed");
    }

    [TestMethod]
    [DataRow(ValidationSplit.Documents)]
    [DataRow(ValidationSplit.Tail)]
    public void TheLastStepsCanBeRepeatedWhereverTheyEnded(ValidationSplit split)
    {
        var options = Options("whole") with { ValidationShare = 0.1, Split = split };
        Prepare(Many(100), options);
        foreach (var named in new[] { 0, 1, 2 })
        {
            var output = Directory.CreateDirectory(folder.File($"{named}")).FullName;
            PrepareWithoutResults(options with { Output = output });
            Interrupt(output, named);

            Prepare(Many(100), options with { Output = output });

            AssertSameFiles("whole", $"{named}");
        }

        // Of documents, the files get their names one after the other; a tail is copied, then cut off.
        void Interrupt(string output, int steps)
        {
            foreach (var name in new[] { "val.bin", "train.bin" }.Take(steps))
            {
                var (partial, path) = (Path.Combine(output, name + ".part"), Path.Combine(output, name));
                if (split == ValidationSplit.Documents) File.Move(partial, path);
                else File.Copy(folder.File($"whole/{name}"), partial, overwrite: true);
            }
        }
    }

    [TestMethod]
    public void AnotherCorpusOrOtherSettingsDoNotGoOn()
    {
        var options = Options("out");
        Assert.Throws<OperationCanceledException>(() => Cancel(options, 3000));

        var changed = Assert.Throws<InvalidDataException>(() => Prepare(Many(6000, first: "changed"), options));
        var shorter = Assert.Throws<InvalidDataException>(() => Prepare(Many(100), options));
        var seed = Assert.Throws<InvalidDataException>(() => Prepare(Many(6000), options with { Seed = 9 }));

        StringAssert.Contains(changed.Message, "has changed");
        StringAssert.Contains(shorter.Message, "has changed");
        StringAssert.Contains(seed.Message, "other settings");
        Assert.AreEqual(6000, Prepare(Many(6000, first: "changed"), options with { Restart = true }).Documents);
        Assert.AreEqual(3, Directory.GetFiles(options.Output).Length);
    }

    [TestMethod]
    public void ACompletedPreparationIsReplacedOnlyWhenAsked()
    {
        Prepare(Texts("abc"), Options());

        StringAssert.Contains(Assert.Throws<IOException>(() => Prepare(Texts("x"), Options())).Message, "already holds meta.json");
        Assert.AreEqual(1, Prepare(Texts("x"), Options() with { Restart = true }).TrainTokens);
    }

    [TestMethod]
    public void BrokenDocumentsAreCounted()
    {
        folder.Write("text/a.txt", "abc");
        folder.Write("text/b.txt", [0xFF]);
        var broken = new List<BrokenDocument>();

        var corpus = Prepare(TextDocuments.FromFiles(folder.File("text")), Options("out") with { Broken = broken.Add });

        Assert.AreEqual((1L, 1L), (corpus.Documents, corpus.BrokenDocuments));
        Assert.AreEqual(folder.File("text/b.txt"), broken.Single().Source);
    }

    [TestMethod]
    public void ACorpusWithoutTextIsAnError()
    {
        StringAssert.Contains(Assert.Throws<InvalidDataException>(() => Prepare(Texts("", ""), Options())).Message, "no text: 2 documents");
        Assert.IsFalse(File.Exists(folder.File("train.bin")));
    }

    [TestMethod]
    public void ARefusedTextIsNamed()
    {
        var error = Assert.Throws<InvalidDataException>(() => Prepare(Texts("abc", "a7b"), Options()));

        StringAssert.Contains(error.Message, "document 1");
    }

    [TestMethod]
    public void TheStreamIsReadOnlyAFewBatchesAhead()
    {
        var read = 0;
        var most = 0L;
        var documents = Enumerable.Range(0, 30_000).Select(i =>
        {
            Interlocked.Increment(ref read);
            return new TextDocument("abc", $"{i}");
        });
        var watch = new Watch(progress => most = Math.Max(most, Volatile.Read(ref read) - progress.Documents));

        CorpusPreparation.Run(TextDocuments.From(documents), Letters, Options() with { Workers = 2 }, watch);

        Assert.IsLessThanOrEqualTo(6L * DocumentBatch.MaxDocuments, most);
    }

    [TestMethod]
    public void ProgressEndsWithEverything()
    {
        folder.Write("text/a.txt", "abc");
        folder.Write("text/b.txt", "de");
        var last = default(PreparationProgress);

        var watch = new Watch(progress => last = progress);
        CorpusPreparation.Run(TextDocuments.FromFiles(folder.File("text")), Letters, Options("out"), watch);

        Assert.AreEqual((2L, 5L, 5L, 5L, 5L), (last.Documents, last.TextBytes, last.Tokens, last.SourcePosition, last.SourceLength!.Value));
        Assert.IsFalse(last.Resuming);
    }

    [TestMethod]
    public void OptionsOutOfRangeAreNamed()
    {
        foreach (var (wrong, name) in new[]
        {
            (Options() with { ValidationShare = 1 }, "ValidationShare"),
            (Options() with { ValidationShare = double.NaN }, "ValidationShare"),
            (Options() with { Workers = 0 }, "Workers"),
            (Options() with { Separator = 28 }, "Separator"), (Options() with { Separator = -1 }, "Separator"),
        })
            StringAssert.Contains(Assert.Throws<ArgumentOutOfRangeException>(() => Prepare(Texts("a"), wrong)).Message, name);
    }

    private CorpusPreparationOptions Options(string name = "") => new() { Output = folder.File(name), CommitInterval = TimeSpan.Zero };

    private static PreparedCorpus Prepare(TextDocuments documents, CorpusPreparationOptions options)
        => CorpusPreparation.Run(documents, Letters, options);

    private static TextDocuments Texts(params string[] texts)
        => TextDocuments.From(texts.Select((text, i) => new TextDocument(text, $"document {i}")));

    private static TextDocuments Many(int count, string first = "begin")
        => Texts([first, .. Enumerable.Range(1, count - 1).Select(i => new string((char)('a' + (i % 26)), i % 100))]);

    /// <summary>Prepares until so many documents have been read.</summary>
    private static void Cancel(CorpusPreparationOptions options, int documents)
    {
        using var source = new CancellationTokenSource();
        var corpus = Many(6000).Select((document, i) =>
        {
            if (i == documents) source.Cancel();
            return document;
        });
        CorpusPreparation.Run(TextDocuments.From(corpus), Letters, options, progress: null, source.Token);
    }

    /// <summary>Leaves a folder as it is when all tokens are saved and no file has its final name.</summary>
    private static void PrepareWithoutResults(CorpusPreparationOptions options)
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => CorpusPreparation.Run(Many(100), Letters, options, progress: null, source.Token));
        var journal = Path.Combine(options.Output, "preparation.json");
        var text = File.ReadAllText(journal);
        StringAssert.Contains(text, "\"isComplete\": false");
        File.WriteAllText(journal, text.Replace("\"isComplete\": false", "\"isComplete\": true"));
    }

    private void AssertSameFiles(string expected, string actual)
    {
        var (one, other) = (Read(expected), Read(actual));
        CollectionAssert.AreEqual(one.Keys.ToArray(), other.Keys.ToArray());
        foreach (var (name, bytes) in one) Assert.IsTrue(bytes.AsSpan().SequenceEqual(other[name]), $"{name} of {actual} differs");

        SortedDictionary<string, byte[]> Read(string name)
        {
            var files = Directory.GetFiles(folder.File(name)).ToDictionary(path => Path.GetFileName(path), File.ReadAllBytes);
            return new(files, StringComparer.Ordinal);
        }
    }

    private static int Id(char character) => Ids($"{character}")[0];

    private static int[] Ids(string text) => [.. Letters.Tokenizer.EncodeToIds(text)];

    private static int[] Tokens(TokenFile file)
    {
        using (file)
        {
            var tokens = new int[file.Count];
            file.Read(0, tokens);
            return tokens;
        }
    }

    /// <summary>The documents before each separator.</summary>
    private static string[] Documents(TokenFile file) => Letters.Tokenizer.Decode(Tokens(file)).Split('.')[..^1];

    private sealed class Watch(Action<PreparationProgress> report) : IProgress<PreparationProgress>
    {
        public void Report(PreparationProgress value) => report(value);
    }
}
