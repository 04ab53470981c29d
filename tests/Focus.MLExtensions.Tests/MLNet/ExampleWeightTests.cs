using Microsoft.ML;

namespace Focus.Tests;

[TestClass]
public sealed class ExampleWeightTests
{
    private readonly MLContext mlContext = new(seed: 1);

    /// <summary>Steps that take all 12 rows each, so that their order does not matter.</summary>
    private static MlpTrainer.Options Quick => Blobs.Quick with { BatchSize = 12, MaxSteps = 20, BatchNormalization = false };

    [TestMethod]
    public void A_row_of_weight_two_counts_as_two_rows_and_one_of_weight_zero_as_none()
    {
        var points = Blobs.Keyed(12);
        float[] weights = [2, 2, 2, 0, 0, 0, 1, 1, 1, 1, 1, 1];
        var weighted = mlContext.Data.LoadFromEnumerable(Weighted.Of(points, i => weights[i]));
        var repeated = mlContext.View(points.SelectMany((point, i) => Enumerable.Repeat(point, (int)weights[i])));
        List<TrainingProgress> ofWeights = [], ofRepeats = [];

        var trained = mlContext.Focus.Trainers.Mlp(Options(ofWeights) with { ExampleWeightColumnName = "Weight" }).Fit(weighted, weighted);
        var expected = mlContext.Focus.Trainers.Mlp(Options(ofRepeats)).Fit(repeated, repeated);
        var unweighted = mlContext.Focus.Trainers.Mlp(Quick).Fit(weighted);

        var test = mlContext.View(Blobs.Keyed(30, seed: 1));
        AssertClose(expected.Scores(test), trained.Scores(test));
        AssertClose([.. ofRepeats.Select(progress => (float)progress.Loss)], [.. ofWeights.Select(progress => (float)progress.Loss)]);
        Assert.AreEqual(ofRepeats[^1].Evaluation!.Value.Loss, ofWeights[^1].Evaluation!.Value.Loss, 1e-5);
        Assert.AreEqual(ofRepeats[^1].Evaluation!.Value.Accuracy, ofWeights[^1].Evaluation!.Value.Accuracy, 1e-6);
        Assert.IsGreaterThan(1e-3f, unweighted.Scores(test).Zip(expected.Scores(test), (a, b) => Math.Abs(a - b)).Max());
    }

    [TestMethod]
    public void A_batch_whose_weights_are_all_zero_changes_nothing_and_is_no_fault()
    {
        var data = mlContext.Data.LoadFromEnumerable(Weighted.Of(Blobs.Keyed(40), i => i == 0 ? 1 : 0));
        List<TrainingProgress> progress = [];

        mlContext.Focus.Trainers.Mlp(Options(progress) with { BatchSize = 4, Optimizer = new SgdOptions(), ExampleWeightColumnName = "Weight" }).Fit(data);

        Assert.HasCount(18, progress.Where(step => step.Loss == 0), "Two of twenty batches of four have the one row that counts.");
    }

    private static MlpTrainer.Options Options(List<TrainingProgress> progress) => Quick with { Progress = new Collector(progress) };

    private static void AssertClose(float[] expected, float[] found)
    {
        Assert.HasCount(expected.Length, found);
        for (var i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], found[i], 1e-4f);
    }

    private sealed class Collector(List<TrainingProgress> values) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => values.Add(value);
    }
}
