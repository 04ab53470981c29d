using System.IO.Compression;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus.Tests;

/// <summary>Our transformers in ML.NET's own model files.</summary>
[TestClass]
public sealed class MlNetModelTests
{
    private readonly TemporaryFolder folder = new();
    private readonly MLContext mlContext = new(seed: 1);

    [TestCleanup]
    public void Cleanup() => folder.Dispose();

    [TestMethod]
    public void A_chain_scores_the_same_after_loading_in_another_context()
    {
        var data = mlContext.Data.LoadFromEnumerable(Blobs.Colored(60));
        var model = Pipelines.Colors(mlContext).Fit(data);
        mlContext.Model.Save(model, data.Schema, folder.File("model.zip"));

        var fresh = new MLContext();
        var loaded = fresh.Model.Load(folder.File("model.zip"), out var schema);

        CollectionAssert.AreEqual(data.Schema.Select(column => column.Name).ToArray(), schema.Select(column => column.Name).ToArray());
        CollectionAssert.AreEqual(model.Scores(data), loaded.Scores(data));
        CollectionAssert.AreEqual(Blobs.Colored(60).Select(blob => blob.Color).ToArray(), loaded.Transform(data).GetColumn<string>("Answer").ToArray());
        using var engine = fresh.Model.CreatePredictionEngine<Blob, Colored>(loaded);
        Assert.AreEqual("red", engine.Predict(new Blob { X = 1, Y = 0 }).Answer);
    }

    [TestMethod]
    public void A_transformer_alone_loads_as_itself()
    {
        var data = mlContext.View(Blobs.Keyed(60));
        var model = mlContext.Focus.Trainers.Mlp(Blobs.Quick).Fit(data);
        using var file = new MemoryStream();
        mlContext.Model.Save(model, data.Schema, file);

        var loaded = mlContext.Model.Load(file, out _);

        Assert.IsInstanceOfType<MlpTransformer>(loaded);
        CollectionAssert.AreEqual(model.Scores(data), loaded.Scores(data));
    }

    [TestMethod]
    public void The_file_holds_a_file_of_our_own_format()
    {
        var data = mlContext.View(Blobs.Keyed(60));
        var model = mlContext.Focus.Trainers.Mlp(Blobs.Quick).Fit(data);
        using MemoryStream outer = new(), inner = new(), own = new();
        mlContext.Model.Save(model, data.Schema, outer);
        mlContext.Focus.Model.Save(model, own);

        using var zip = new ZipArchive(outer, ZipArchiveMode.Read);
        using (var payload = zip.Entries.Single(entry => entry.Name == "Focus.zip").Open()) payload.CopyTo(inner);

        CollectionAssert.AreEqual(own.ToArray(), inner.ToArray());
    }

    [TestMethod]
    public void A_file_cut_short_is_one_error()
    {
        var data = mlContext.View(Blobs.Keyed(60));
        using var file = new MemoryStream();
        mlContext.Model.Save(mlContext.Focus.Trainers.Mlp(Blobs.Quick).Fit(data), data.Schema, file);
        var bytes = file.ToArray();

        for (var length = 0; length < bytes.Length; length += 1 + bytes.Length / 16)
        {
            using var cut = new MemoryStream(bytes[..length]);
            Assert.Throws<FormatException>(() => mlContext.Model.Load(cut, out _));
        }
    }

    private sealed class Colored
    {
        public string Answer { get; set; } = "";
    }
}
