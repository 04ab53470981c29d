using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus.Tests;

[TestClass]
public sealed class FeatureImportanceTests
{
    private readonly MLContext mlContext = new(seed: 1);

    [TestMethod]
    public void Permutation_finds_the_features_that_matter_alone_and_in_a_chain()
    {
        var points = mlContext.Data.LoadFromEnumerable(Blobs.Keyed(120).Select(point => new Padded { X = point.Features[0], Y = point.Features[1], Label = point.Label }));
        var data = mlContext.Transforms.Concatenate("Features", "X", "Constant", "Y").Fit(points).Transform(points);
        var chain = mlContext.Focus.Trainers.Mlp(Blobs.Quick).Append(mlContext.Transforms.CopyColumns("Answer", "PredictedLabel")).Fit(data);
        var model = chain.OfType<MlpTransformer>().Single();

        var alone = mlContext.MulticlassClassification.PermutationFeatureImportance(model, data).Select(change => change.MicroAccuracy.Mean).ToArray();
        var inChain = mlContext.MulticlassClassification.PermutationFeatureImportance(chain, data);

        Assert.HasCount(3, alone);
        Assert.IsLessThan(-0.2, alone[0]);
        Assert.AreEqual(0, alone[1]);
        Assert.IsLessThan(-0.2, alone[2]);
        CollectionAssert.AreEquivalent(new[] { "X", "Constant", "Y" }, inChain.Keys.ToArray());
        Assert.AreEqual(0, inChain["Constant"].MicroAccuracy.Mean);
        Assert.IsLessThan(-0.2, inChain["X"].MicroAccuracy.Mean);
    }

    private sealed class Padded
    {
        public float X { get; set; }

        public float Y { get; set; }

        public float Constant { get; set; } = 3;

        [KeyType(3)]
        public uint Label { get; set; }
    }
}
