using System.Text.Json;

namespace Focus.Samples.Tests;

/// <summary>Training on folders that nanoGPT's scripts have prepared.</summary>
[TestClass]
public class NanoGptDataTests
{
    private const string Name = "Gpt2";

    private static readonly string[] Tiny =
    [
        "train", "--preset", "shakespeare-char", "--layers", "1", "--heads", "1", "--width", "8", "--block-size", "8", "--batch-size", "2",
        "--evaluation-interval", "2", "--evaluation-batches", "1", "--warmup-steps", "1", "--steps", "2",
    ];

    /// <summary>Python's <c>pickle.dumps({'vocab_size': 3, 'itos': {0: '\n', 1: 'a', 2: 'é'}, 'stoi': …})</c>.</summary>
    private const string Pickle =
        "gASVSQAAAAAAAAB9lCiMCnZvY2FiX3NpemWUSwOMBGl0b3OUfZQoSwCMAQqUSwGMAWGUSwKMAsOplHWMBHN0b2mUfZQoaARLAGgFSwFoBksCdXUu";

    private readonly string folder = Directory.CreateTempSubdirectory("nanogpt").FullName;

    [TestInitialize]
    public void WriteTokens()
    {
        Directory.CreateDirectory(In("data"));
        File.WriteAllBytes(In("data", "train.bin"), [.. Enumerable.Range(0, 200).SelectMany(i => new byte[] { (byte)(i % 3), 0 })]);
    }

    [TestCleanup]
    public void Cleanup() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    public void CharactersHaveTheVocabularyOfMetaPkl()
    {
        File.WriteAllBytes(In("data", "meta.pkl"), Convert.FromBase64String(Pickle));

        Sample.Succeeds(Name, [.. Tiny, "--data", In("data"), "--out", In("run")]);

        using (var meta = JsonDocument.Parse(File.ReadAllBytes(In("run", "meta.json"))))
            Assert.AreEqual(3, meta.RootElement.GetProperty("vocabulary").GetArrayLength());
        var text = Sample.Succeeds(Name, "sample", "--model", In("run"), "--prompt", "aé", "--tokens", "5", "--seed", "1");
        Assert.IsFalse(text.Except("aé\r\n").Any(), text);
    }

    [TestMethod]
    public void AVocabularyMayBeGiven()
    {
        File.WriteAllText(In("data", "meta.pkl"), "no pickle");
        Sample.Refuses(Name, "meta.pkl", [.. Tiny, "--data", In("data"), "--out", In("run")]);

        Sample.Succeeds(Name, [.. Tiny, "--data", In("data"), "--vocabulary-size", "4", "--out", In("run")]);

        using var settings = JsonDocument.Parse(File.ReadAllBytes(In("run", "settings.json")));
        Assert.AreEqual(4, settings.RootElement.GetProperty("vocabularySize").GetInt32());
    }

    private string In(params string[] names) => Path.Combine([folder, .. names]);
}
