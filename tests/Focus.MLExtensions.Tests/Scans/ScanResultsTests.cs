namespace Focus.Tests;

[TestClass]
public class ScanResultsTests
{
    private const int Diverging = 2;

    private static readonly ScanPlan Plan = new()
    {
        Settings = [],
        Trainers = ["A", "B"],
        BatchSizes = [2, 8],
        LearningRates = [0.1, 0.2, 0.3],
        Metrics = ["train_loss", "test_loss"],
        Replicates = 2,
        Steps = 4,
    };

    private readonly string folder = Directory.CreateTempSubdirectory("results").FullName;

    [TestCleanup]
    public void Cleanup() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    public void TheBestLearningRateIsThatOfTheLowestMean()
    {
        // Losses by learning rate: 0.5 ± 0.1, 0.4 ± 0.1, and 0.3 once, but diverged the other time.
        float[] losses = [0.4f, 0.6f, 0.3f, 0.5f, 0.3f, float.NaN];
        var results = Results((run, metrics) =>
        {
            metrics[1, 4] = losses[run.Index % 6];
            if (run.Index % 6 == 5) metrics.DivergedAt = Diverging;
        });
        var best = results.Best(trainer: 1, batchSize: 0, metric: 1)!.Value;
        Assert.AreEqual(("B", 2, 0.2), (best.Trainer, best.BatchSize, best.LearningRate));
        Assert.AreEqual(0.4, best.Mean, 1e-7);
        Assert.AreEqual(0.1 * Math.Sqrt(2), best.StandardDeviation, 1e-7);
        Assert.AreEqual(14, best.FirstRun);
        Assert.AreEqual(4, results.DivergedRuns);
    }

    [TestMethod]
    public void ARunThatDivergedAfterItsLastMeasurementIsNotTheBest()
    {
        var results = Results((run, metrics) =>
        {
            metrics[1, 4] = run.LearningRate > 0.25 ? 0.1f : 0.2f;
            if (run.LearningRate > 0.25) metrics.DivergedAt = 4;
        });
        Assert.AreEqual(0.1, results.Best(0, 0, 1)!.Value.LearningRate);
    }

    [TestMethod]
    public void WhereAllDivergeThereIsNoBest()
    {
        var best = Results((_, metrics) => metrics.DivergedAt = 1).Best(0, 1, 1)!.Value;
        Assert.AreEqual((8, -1), (best.BatchSize, best.FirstRun));
        Assert.IsTrue(double.IsNaN(best.LearningRate) && double.IsNaN(best.Mean));
    }

    [TestMethod]
    public void ArraysHaveThePublishedShape()
    {
        var results = Results((run, metrics) =>
        {
            for (var step = 1; step <= 4; step++) metrics[0, step] = run.Index + step / 10f;
            metrics[1, 4] = -run.Index;
        });
        results.WriteArrays(folder, "scan-18");
        Assert.HasCount(4, Directory.GetFiles(folder, "scan-18-*.npy"));
        var array = NpyFile.Read(Path.Combine(folder, "scan-18-3.npy"));
        CollectionAssert.AreEqual(new[] { 3, 2, 2, 4 }, array.Shape.ToArray());
        // Task 3 is trainer 1 at batch size 1; its learning rate 2, replicate 1 is run 23, the last.
        CollectionAssert.AreEqual(new double[] { 23.1f, 23.2f, 23.3f, 23.4f, double.NaN, double.NaN, double.NaN, -23 }, array.Values[^8..]);
        Assert.AreEqual(18.1f, array.Values[0]);
    }

    [TestMethod]
    public void TheTableHoldsFinishedPointsOnly()
    {
        var scan = new TrainingScan(Plan, folder);
        scan.Run((run, metrics, _) => (metrics[0, 4], metrics[1, 4]) = (1, run.Index), Shard.Whole, workers: 1);
        var log = Path.Combine(folder, "runs-1-of-1.jsonl");
        File.WriteAllLines(log, File.ReadAllLines(log)[..^1]);
        Assert.IsNull(scan.Read().Best(1, 1, 1));

        var path = Path.Combine(folder, "best.csv");
        scan.Read().WriteCsv(path, metric: 1);
        var lines = File.ReadAllLines(path);
        Assert.HasCount(4, lines);
        Assert.AreEqual(
            "trainer,batch_size,learning_rate,train_loss,train_loss_standard_deviation,test_loss,test_loss_standard_deviation,diverged_runs", lines[0]);
        Assert.AreEqual("A,8,0.1,1,0,6.5,0.7071067811865476,0", lines[2]);
    }

    [TestMethod]
    public void MetricsSurviveTheFileBitByBit()
    {
        float[] values = [1 / 3f, float.NaN, float.Epsilon, float.MaxValue];
        var results = Results((_, metrics) =>
        {
            values.CopyTo(metrics.Of(0));
            metrics[1, 1] = float.PositiveInfinity;
            metrics.DivergedAt = Diverging;
        });
        CollectionAssert.AreEqual(values, results[7]!.Of(0).ToArray());
        Assert.IsTrue(float.IsNaN(results[7]![1, 1]));
        Assert.AreEqual(Diverging, results[7]!.DivergedAt);
    }

    private ScanResults Results(Action<ScanRun, RunMetrics> train)
    {
        var scan = new TrainingScan(Plan, folder);
        scan.Run((run, metrics, _) => train(run, metrics), Shard.Whole);
        return scan.Read();
    }
}
