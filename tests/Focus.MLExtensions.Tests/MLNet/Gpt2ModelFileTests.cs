using System.IO.Compression;
using Microsoft.ML;

namespace Focus.Tests;

[TestClass]
public sealed class Gpt2ModelFileTests
{
    private static readonly MLContext MlContext = new(seed: 1);
    private static readonly IDataView Data = MlContext.Texts(TinyGpt2.Corpus);
    private static readonly Gpt2Transformer Model = MlContext.Focus.Gpt2Pretrainer(TinyGpt2.Quick with { MaxSteps = 2, GenerateTokens = 4 })
        .Fit(MlContext.Tokens(Enumerable.Range(0, 40).Select(i => i % 12).ToArray()));

    private readonly TemporaryFolder folder = new();

    [TestCleanup]
    public void Cleanup() => folder.Dispose();

    [TestMethod]
    public void A_chain_from_text_to_text_gives_the_same_after_loading_in_another_context()
    {
        var generation = new GenerationOptions { Temperature = 0.9, TopK = 5, Seed = 3 };
        var model = MlContext.Pipeline(TinyGpt2.Quick with { Generation = generation }).Fit(Data);
        MlContext.Model.Save(model, Data.Schema, folder.File("gpt2.zip"));

        var fresh = new MLContext();
        var loaded = fresh.Model.Load(folder.File("gpt2.zip"), out var schema);

        CollectionAssert.AreEqual(new[] { "Text" }, schema.Select(column => column.Name).ToArray());
        CollectionAssert.AreEqual(model.Losses(Data), loaded.Losses(Data));
        using var before = MlContext.Model.CreatePredictionEngine<Sentence, Judged>(model);
        using var after = fresh.Model.CreatePredictionEngine<Sentence, Judged>(loaded);
        var (expected, found) = (before.Predict(new Sentence { Text = "abc" }), after.Predict(new Sentence { Text = "abc" }));
        Assert.AreEqual(8, expected.Answer.Length);
        Assert.AreEqual(expected.Answer, found.Answer);
        Assert.AreEqual(expected.Loss, found.Loss);
    }

    [TestMethod]
    public void A_model_alone_is_kept_to_the_last_bit_with_what_it_does()
    {
        MlContext.Focus.Model.Save(Model, folder.File("gpt2.zip"));

        var loaded = (Gpt2Transformer)MlContext.Focus.Model.Load(folder.File("gpt2.zip"));

        Assert.AreEqual(Model.Network.Config, loaded.Network.Config);
        var rows = MlContext.Tokens([1, 2, 3, 4], [5]);
        CollectionAssert.AreEqual(Model.Losses(rows), loaded.Losses(rows));
        Assert.AreEqual(4, loaded.Transform(rows).Schema.Count);
    }

    [TestMethod]
    public void Streams_that_cannot_seek_are_read_and_written()
    {
        var bytes = Bytes();
        using var copy = new MemoryStream();
        using (var packed = new GZipStream(copy, CompressionLevel.Fastest, leaveOpen: true)) MlContext.Focus.Model.Save(Model, packed);
        copy.Position = 0;
        using var unpacked = new GZipStream(copy, CompressionMode.Decompress);

        var loaded = (Gpt2Transformer)MlContext.Focus.Model.Load(unpacked);

        var rows = MlContext.Tokens([1, 2, 3, 4]);
        CollectionAssert.AreEqual(Model.Losses(rows), loaded.Losses(rows));
        CollectionAssert.AreEqual(bytes, Bytes());
    }

    [TestMethod]
    public void A_file_cut_short_is_one_error()
    {
        var bytes = Bytes();
        for (var length = 0; length < bytes.Length; length += 1 + bytes.Length / 16) AssertRefused(bytes[..length], "cut short");
    }

    [TestMethod]
    public void A_version_from_the_future_is_refused()
        => AssertRefused(Edited("manifest.json", text => text.Replace("\"version\": 1", "\"version\": 2")), "version 2");

    [TestMethod]
    public void Weights_of_another_configuration_are_refused()
    {
        AssertRefused(Configured("\"width\": 16", "\"width\": 8"), "transformer.", "16", "8");
        AssertRefused(Configured("\"layers\": 2", "\"layers\": 1"), "'transformer.h.1.");
    }

    [TestMethod]
    public void A_configuration_of_more_weights_than_there_are_takes_no_memory()
        => AssertRefused(Configured("\"width\": 16", "\"width\": 160000"), "weights.safetensors", "160000");

    [TestMethod]
    public void An_impossible_configuration_is_refused()
    {
        AssertRefused(Configured("\"heads\": 2", "\"heads\": 3"), "configuration is invalid", "Heads");
        AssertRefused(Configured("\"Loss\"", "\"\""), "configuration is invalid");
    }

    private static byte[] Bytes()
    {
        using var stream = new MemoryStream();
        MlContext.Focus.Model.Save(Model, stream);
        return stream.ToArray();
    }

    private static byte[] Configured(string setting, string changed) => Edited("configuration.json", text => text.Replace(setting, changed));

    private static byte[] Edited(string name, Func<string, string> edit)
    {
        using var stream = new MemoryStream();
        stream.Write(Bytes());
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Update, leaveOpen: true))
        {
            var entry = zip.GetEntry(name)!;
            string text;
            using (var reader = new StreamReader(entry.Open())) text = reader.ReadToEnd();
            Assert.AreNotEqual(text, edit(text));
            entry.Delete();
            using var writer = new StreamWriter(zip.CreateEntry(name).Open());
            writer.Write(edit(text));
        }
        return stream.ToArray();
    }

    private void AssertRefused(byte[] bytes, params string[] parts)
    {
        var path = folder.File("gpt2.zip");
        File.WriteAllBytes(path, bytes);
        var error = Assert.ThrowsExactly<InvalidDataException>(() => MlContext.Focus.Model.Load(path));
        foreach (var part in parts) StringAssert.Contains(error.Message, part);
    }
}
