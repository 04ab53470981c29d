using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Focus.Tests;

/// <summary>ML.NET's ConvertToOnnx with our transformers.</summary>
[TestClass]
public sealed class OnnxExportTests
{
    private readonly TemporaryFolder folder = new();
    private readonly MLContext mlContext = new(seed: 1);

    private string Path => folder.File("model.onnx");

    [TestCleanup]
    public void Cleanup() => folder.Dispose();

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void OnnxRuntime_gives_the_scores_and_labels_of_the_classifier(bool batchNormalization)
    {
        var data = mlContext.View(Blobs.Keyed(60));
        using var model = mlContext.Focus.Trainers.Mlp(Blobs.Quick with { HiddenWidths = [8, 6], BatchNormalization = batchNormalization }).Fit(data);
        Export(model, data);
        var points = Blobs.Keyed(30, seed: 3);
        var expected = mlContext.Data.CreateEnumerable<Scored>(model.Transform(mlContext.View(points)), reuseRowObject: false).ToArray();

        using var session = new InferenceSession(Path);
        var features = new DenseTensor<float>(points.SelectMany(point => point.Features).ToArray(), [points.Length, 2]);
        var labels = new DenseTensor<uint>(new uint[points.Length], [points.Length, 1]);
        using var outputs = session.Run(
            [NamedOnnxValue.CreateFromTensor("Features", features), NamedOnnxValue.CreateFromTensor("Label", labels)], ["Score.output", "PredictedLabel.output"]);

        var (scores, predicted) = (outputs[0].AsTensor<float>(), outputs[1].AsTensor<uint>());
        for (var i = 0; i < points.Length; i++)
        {
            for (var k = 0; k < 3; k++) Assert.AreEqual(expected[i].Score[k], scores[i, k], 1e-5f);
            Assert.AreEqual(expected[i].PredictedLabel, predicted[i, 0]);
        }
    }

    [TestMethod]
    public void A_chain_comes_back_through_the_onnx_transformer()
    {
        var data = mlContext.Data.LoadFromEnumerable(Blobs.Colored(60));
        var model = Pipelines.Colors(mlContext).Fit(data);
        Export(model, data);

        var loaded = mlContext.Transforms.ApplyOnnxModel(["Score.output", "Answer.output"], ["X", "Y", "Color"], Path).Fit(data).Transform(data);

        var scores = loaded.GetColumn<float[]>("Score").SelectMany(score => score).ToArray();
        var expected = model.Scores(data);
        Assert.HasCount(expected.Length, scores);
        for (var i = 0; i < scores.Length; i++) Assert.AreEqual(expected[i], scores[i], 1e-5f);
        CollectionAssert.AreEqual(
            Blobs.Colored(60).Select(blob => blob.Color).ToArray(),
            loaded.GetColumn<ReadOnlyMemory<char>[]>("Answer").Select(answer => answer.Single().ToString()).ToArray());
    }

    [TestMethod]
    public void What_cannot_be_exported_is_an_error_and_no_file()
    {
        var texts = mlContext.Texts("abc", "cab");
        var cells = mlContext.Focus.Data.LandscapeGrid(sharpness: [1, 2]);
        foreach (var (estimator, data) in new (IEstimator<ITransformer>, IDataView)[]
                 {
                     (mlContext.Focus.Transforms.TokenizeCharacters("Tokens", "Text"), texts),
                     (mlContext.Focus.Transforms.TokenizeCharacters("Text"), texts),
                     (mlContext.Pipeline(TinyGpt2.Quick with { MaxSteps = 1, BatchSize = 1, Model = TinyGpt2.Model with { BlockSize = 2 } }), texts),
                     (mlContext.Focus.Landscapes.NarrowingValley(new LandscapeScan.Options()), cells),
                 })
        {
            var model = estimator.Fit(data);
            Assert.ThrowsExactly<InvalidOperationException>(() => Export(model, data));
        }
        Assert.AreEqual(0, new FileInfo(Path).Length);
    }

    private void Export(ITransformer model, IDataView data)
    {
        using var stream = File.Create(Path);
        mlContext.Model.ConvertToOnnx(model, data, stream);
    }
}
