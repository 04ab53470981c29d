using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace Focus.Tests;

[TestClass]
public class TrainingScanTests
{
    private static readonly ScanPlan Plan = new()
    {
        Settings = new JsonObject { ["model"] = "toy" },
        Trainers = ["A", "B"],
        BatchSizes = [2, 8],
        LearningRates = [0.01, 0.1, 1],
        Metrics = ["train_loss", "test_loss"],
        Replicates = 2,
        Steps = 3,
    };

    private readonly string folder = Directory.CreateTempSubdirectory("scan").FullName;

    [TestCleanup]
    public void Cleanup() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    public void WorkersAndShardsDoNotChangeResults()
    {
        Scan("one").Run(Train, Shard.Whole, workers: 1);
        Scan("four").Run(Train, Shard.Whole, workers: 4);
        foreach (var index in new[] { 3, 1, 2 }) Scan("shards").Run(Train, new Shard(index, 3), workers: 2);
        foreach (var output in new[] { "one", "four", "shards" }) Write(output);

        Assert.HasCount(24, Lines("one"));
        CollectionAssert.AreEqual(Lines("one"), Lines("four"));
        CollectionAssert.AreEqual(Lines("one"), Lines("shards"));
        foreach (var file in new[] { "scan-0.npy", "scan-3.npy", "best.csv" })
            foreach (var output in new[] { "four", "shards" })
                CollectionAssert.AreEqual(File.ReadAllBytes(In("one", file)), File.ReadAllBytes(In(output, file)), file);
    }

    [TestMethod]
    public void ShardsOfSeveralFoldersAreMergedByTheirFiles()
    {
        foreach (var index in new[] { 1, 2 }) Scan($"part{index}").Run(Train, new Shard(index, 2));
        Assert.IsFalse(Scan("part1").Read().IsComplete);
        File.Copy(In("part2", "runs-2-of-2.jsonl"), In("part1", "runs-2-of-2.jsonl"));
        Assert.IsTrue(Scan("part1").Read().IsComplete);
    }

    [TestMethod]
    public void ARunCutShortIsRedoneAndNothingElse()
    {
        Scan("out").Run(Train, Shard.Whole, workers: 1);
        var path = In("out", "runs-1-of-1.jsonl");
        var whole = File.ReadAllBytes(path);
        File.WriteAllBytes(path, whole[..^30]);
        Assert.AreEqual(23, Scan("out").Read().FinishedRuns);

        var made = new ConcurrentBag<int>();
        Scan("out").Run((run, metrics, cancellation) => { made.Add(run.Index); Train(run, metrics, cancellation); }, Shard.Whole);
        Assert.HasCount(1, made);
        CollectionAssert.AreEqual(whole, File.ReadAllBytes(path));
    }

    [TestMethod]
    public void AStoppedScanIsTakenUpAgainWithOtherShards()
    {
        using var source = new CancellationTokenSource();
        var stop = new Direct(progress => { if (progress.Runs == 5) source.Cancel(); });
        Assert.ThrowsExactly<OperationCanceledException>(() => Scan("out").Run(Train, Shard.Whole, null, stop, workers: 1, source.Token));
        Assert.AreEqual(5, Scan("out").Read().FinishedRuns);

        var reports = new List<TrainingScanProgress>();
        Scan("out").Run(Train, new Shard(1, 2), null, new Direct(reports.Add), workers: 1);
        Scan("out").Run(Train, new Shard(2, 2), null, new Direct(reports.Add), workers: 1);
        Assert.HasCount(19, reports);
        Assert.IsTrue(Scan("out").Read().IsComplete);
        Assert.HasCount(24, Lines("out"));
        Assert.AreEqual(TimeSpan.Zero, reports[^1].Remaining);
    }

    [TestMethod]
    public void ARunStoppedWithinIsNotKept()
    {
        using var source = new CancellationTokenSource();
        Assert.ThrowsExactly<OperationCanceledException>(
            () => Scan("out").Run((_, _, _) => source.Cancel(), Shard.Whole, workers: 1, cancellation: source.Token));
        Assert.AreEqual(0, Scan("out").Read().FinishedRuns);
    }

    [TestMethod]
    public void AFailureEndsTheScanAsItWasAndKeepsWhatIsFinished()
    {
        var fault = Assert.ThrowsExactly<IOException>(() => Scan("out").Run(
            (run, metrics, cancellation) =>
            {
                if (run.Index == 4) throw new IOException("disk");
                Train(run, metrics, cancellation);
            }, Shard.Whole, workers: 1));
        Assert.AreEqual("disk", fault.Message);
        Assert.AreEqual(4, Scan("out").Read().FinishedRuns);
    }

    [TestMethod]
    public void ExpensiveRunsComeFirstAndTellTheTimeLeft()
    {
        var order = new List<ScanRun>();
        var reports = new List<TrainingScanProgress>();
        Scan("out").Run((run, _, _) => { Thread.Sleep(1); order.Add(run); }, Shard.Whole, run => run.BatchSize, new Direct(reports.Add), workers: 1);
        CollectionAssert.AreEqual(order.OrderByDescending(run => run.BatchSize).ThenBy(run => run.Index).ToArray(), order);
        // Of a total cost of 12·8 + 12·2 the first run is 8.
        Assert.AreEqual(14 * reports[0].Elapsed.TotalSeconds, reports[0].Remaining!.Value.TotalSeconds, 1e-4);
    }

    [TestMethod]
    public void AFolderOfAnotherPlanIsRefused()
    {
        Scan("out").Run(Train, Shard.Whole);
        Refuses("seed", Plan with { Seed = 2 });
        Refuses("learning_rates", Plan with { LearningRates = [0.01, 0.1] });
        Refuses("batch_sizes", Plan with { BatchSizes = [2, 4] });
        Refuses("trainers", Plan with { Trainers = ["A", "C"] });
        Refuses("steps", Plan with { Steps = 4 });
        Refuses("settings", Plan with { Settings = new JsonObject { ["model"] = "other" } });
        File.Delete(In("out", "manifest.json"));
        Refuses("no manifest.json", Plan);
        Assert.HasCount(24, Lines("out"));

        void Refuses(string hint, ScanPlan plan) =>
            StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => new TrainingScan(plan, In("out"))).Message, hint);
    }

    [TestMethod]
    [DataRow("{\"run\":99}")]
    [DataRow("no JSON")]
    [DataRow("")]
    public void ALineThatIsNoRunIsNamed(string line)
    {
        Scan("out").Run(Train, Shard.Whole, workers: 1);
        var path = In("out", "runs-1-of-1.jsonl");
        var lines = File.ReadAllLines(path);
        lines[6] = line;
        File.WriteAllLines(path, lines);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Scan("out").Read()).Message, $"{path}, line 7");
        Assert.ThrowsExactly<InvalidDataException>(() => Scan("out").Run(Train, Shard.Whole));
        CollectionAssert.AreEqual(lines, File.ReadAllLines(path));
    }

    [TestMethod]
    public void AShardInWorkIsRefused()
    {
        IOException? fault = null;
        Scan("out").Run((_, _, _) => fault ??= Assert.ThrowsExactly<IOException>(() => Scan("out").Run(Train, Shard.Whole)), Shard.Whole, workers: 1);
        StringAssert.Contains(fault!.Message, "runs-1-of-1.jsonl");
        Scan("out").Run(Train, Shard.Whole);
    }

    [TestMethod]
    public void ShardsThatDoNotFitAreRefused()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Shard.Parse("4/3"));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Shard.Parse("0/3"));
        Assert.ThrowsExactly<FormatException>(() => Shard.Parse("1-3"));
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => Scan("out").Run(Train, Shard.Parse("1/25"))).Message, "24 runs; use at most 24");
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => Scan("out").Run(Train, default)).Message, "Shard.Whole");
        Assert.IsEmpty(Directory.GetFiles(In("out"), "runs-*"));
    }

    /// <summary>Something that depends on the run's coordinates and seed alone.</summary>
    internal static void Train(ScanRun run, RunMetrics metrics, CancellationToken cancellation)
    {
        var random = new Random(run.Seed);
        for (var step = 1; step <= metrics.Steps; step++)
            metrics[0, step] = (float)(random.NextDouble() + run.BatchSize * run.LearningRate);
        metrics[1, metrics.Steps] = 1 / metrics[0, metrics.Steps];
    }

    private TrainingScan Scan(string output) => new(Plan, In(output));

    private void Write(string output)
    {
        var results = Scan(output).Read();
        results.WriteArrays(In(output), "scan");
        results.WriteCsv(In(output, "best.csv"), metric: 1);
    }

    private string In(params string[] path) => Path.Combine([folder, .. path]);

    private string[] Lines(string output) =>
        [.. Directory.GetFiles(In(output), "*.jsonl").SelectMany(File.ReadAllLines).Order(StringComparer.Ordinal)];

    private sealed class Direct(Action<TrainingScanProgress> report) : IProgress<TrainingScanProgress>
    {
        public void Report(TrainingScanProgress value) => report(value);
    }
}
