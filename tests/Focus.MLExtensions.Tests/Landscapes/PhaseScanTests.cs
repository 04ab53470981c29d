namespace Focus.Tests;

[TestClass]
public class PhaseScanTests
{
    private static readonly LandscapeSimulator.Options Small = new() { LearningRates = [0.01, 0.1], Replicates = 5, Steps = 50 };
    private static readonly PhaseGrid SmallGrid = PhaseGrid.SharpnessAndNoise(rows: 5, columns: 4);

    private readonly string folder = Directory.CreateTempSubdirectory("scan").FullName;

    [TestCleanup]
    public void Cleanup() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    public void RowsHaveThePublishedShape()
    {
        Scan(Small).Run(Shard.Whole);
        CollectionAssert.AreEqual(new[] { 3, 4, 2, 5 }, NpyFile.ReadShape(Path.Combine(folder, "row-4.npy")).ToArray());
        var cell = new LandscapeSimulator(Small).Simulate(SmallGrid.At(2, 3)).Outcomes;
        var row = NpyFile.Read(Path.Combine(folder, "row-2.npy")).Values;
        for (var optimizer = 0; optimizer < 3; optimizer++)
            CollectionAssert.AreEqual(cell[(optimizer * 10)..(optimizer * 10 + 10)], row[((optimizer * 4 + 3) * 10)..((optimizer * 4 + 3) * 10 + 10)]);
    }

    [TestMethod]
    public void CoarserGridsPickCells()
    {
        var grid = SmallGrid.Every(3);
        CollectionAssert.AreEqual(new[] { SmallGrid.Rows[0], SmallGrid.Rows[3] }, grid.Rows.ToArray());
        CollectionAssert.AreEqual(new[] { SmallGrid.Noise[0], SmallGrid.Noise[3] }, grid.Noise.ToArray());
        Assert.AreEqual(SmallGrid.At(3, 3), grid.At(1, 1));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => SmallGrid.Every(0));
    }

    [TestMethod]
    public void ExtremesAddAnAxis()
    {
        Scan(Small with { Recording = RunRecording.Extremes }).Run(Shard.Whole);
        CollectionAssert.AreEqual(new[] { 3, 4, 2, 5, 3 }, NpyFile.ReadShape(Path.Combine(folder, "row-0.npy")).ToArray());
    }

    [TestMethod]
    public void ShardsAndThreadsGiveTheFilesOfTheWhole()
    {
        Scan(Small).Run(Shard.Whole, threads: 1);
        var whole = Rows();
        foreach (var file in Directory.GetFiles(folder)) File.Delete(file);
        foreach (var index in new[] { 2, 3, 1 }) Scan(Small with { VectorWidth = VectorWidth.Bits256 }).Run(new Shard(index, 3), threads: 4);
        CollectionAssert.AreEqual(whole.Keys, Rows().Keys);
        foreach (var (name, bytes) in Rows()) CollectionAssert.AreEqual(whole[name], bytes, name);
        Assert.IsTrue(Scan(Small).Score().IsComplete);
    }

    [TestMethod]
    public void AStoppedScanIsTakenUpAgain()
    {
        using var source = new CancellationTokenSource();
        var progress = new Direct(report => { if (report.Cells == 9) source.Cancel(); });
        Assert.ThrowsExactly<OperationCanceledException>(() => Scan(Small).Run(Shard.Whole, progress, threads: 1, source.Token));
        var before = Rows();
        Assert.HasCount(2, before);
        Assert.AreEqual(2, Scan(Small).FinishedRows);
        Assert.IsFalse(Scan(Small).Score().IsComplete);

        var reports = new List<ScanProgress>();
        Scan(Small).Run(Shard.Whole, new Direct(reports.Add), threads: 1);
        Assert.AreEqual(new ScanProgress(12, 12, 12 * 30 * 50), reports[^1]);
        var after = Rows();
        Assert.HasCount(5, after);
        foreach (var (name, bytes) in before) CollectionAssert.AreEqual(bytes, after[name]);
        Assert.IsEmpty(Directory.GetFiles(folder, "*.tmp"));
    }

    [TestMethod]
    public void FinishedRowsAreNotMadeAgain()
    {
        Scan(Small).Run(Shard.Whole);
        var path = Path.Combine(folder, "row-1.npy");
        NpyFile.Write(path, new double[120], [3, 4, 2, 5], replace: true);
        Scan(Small).Run(Shard.Whole);
        Assert.IsTrue(NpyFile.Read(path).Values.All(value => value == 0));
    }

    [TestMethod]
    public void AFolderOfAnotherScanIsRefused()
    {
        Scan(Small).Run(Shard.Whole);
        Refuses("seed", () => Scan(Small with { Seed = 2 }));
        Refuses("learning_rates", () => Scan(Small with { LearningRates = [0.01, 0.2] }));
        Refuses("noise", () => Scan(Small, PhaseGrid.SharpnessAndNoise(5, 5)));
        Refuses("rows", () => Scan(Small, PhaseGrid.WeightDecayAndNoise(5, 4)));
        Refuses("optimizers", () => Scan(Small with { Optimizers = [LandscapeOptimizer.Adam(0.8)] }));
        File.Delete(Path.Combine(folder, "manifest.json"));
        Refuses("manifest.json", () => Scan(Small));
    }

    [TestMethod]
    public void OptimizersOfAllKindsAreScannedTogether()
    {
        LandscapeOptimizer[] Mixed(double momentum) =>
            [LandscapeOptimizer.Focus(), .. Optimizers.OfRules, LandscapeOptimizer.From(new SgdOptions { Momentum = momentum }, "plain SGD")];
        var options = Small with { Optimizers = Mixed(0), NoiseMode = NoiseMode.Common };
        Scan(options).Run(Shard.Whole);
        var diagram = Scan(options).Score();
        Assert.IsTrue(diagram.IsComplete);
        CollectionAssert.AreEqual(
            new[] { "FOCUS", "SGD", "AdEMAMix", "CautiousAdamW", "Sophia-G", "AdaHessian", "ScheduleFreeAdamW", "plain SGD" }, diagram.Optimizers.ToArray());
        var scores = diagram.Scores(2, 1)!;
        var simulated = new LandscapeSimulator(options).Simulate(SmallGrid.At(2, 1));
        for (var i = 0; i < scores.Count; i++) Assert.AreEqual(simulated.Scores[i], scores[i]);
        Assert.AreEqual(scores.Count, scores.Select(score => score.Loss).Distinct().Count());
        Refuses("optimizers", () => Scan(options with { Optimizers = Mixed(0.1) }));
    }

    [TestMethod]
    public void ARowCutShortIsNamed()
    {
        Scan(Small).Run(Shard.Whole);
        var path = Path.Combine(folder, "row-3.npy");
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..200]);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Scan(Small).Run(Shard.Whole)).Message, path);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Scan(Small).Score()).Message, path);
    }

    [TestMethod]
    public void ARowOfAnotherShapeIsNamed()
    {
        var scan = Scan(Small);
        NpyFile.Write(Path.Combine(folder, "row-3.npy"), new double[10], [10]);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => scan.Run(Shard.Whole)).Message, "(3, 4, 2, 5)");
    }

    [TestMethod]
    public void ShardsThatDoNotFitAreRefused()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Shard.Parse("4/3"));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Shard.Parse("0/3"));
        Assert.ThrowsExactly<FormatException>(() => Shard.Parse("1-3"));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Scan(Small).Run(Shard.Parse("1/6"))).Message, "at most 5");
    }

    [TestMethod]
    public void RowsTooLargeForAFileAreRefused()
    {
        var grid = PhaseGrid.SharpnessAndNoise(rows: 1, columns: 1000);
        var fault = Assert.ThrowsExactly<ArgumentException>(() => Scan(Small with { Replicates = 1_000_000 }, grid));
        StringAssert.Contains(fault.Message, "(3, 1000, 2, 1000000)");
        Assert.IsEmpty(Directory.GetFiles(folder));
    }

    [TestMethod]
    public void TheTableHoldsEveryFinishedCell()
    {
        Scan(Small).Run(new Shard(1, 2));
        var path = Path.Combine(folder, "winners.csv");
        var diagram = Scan(Small).Score();
        diagram.WriteCsv(path);
        var lines = File.ReadAllLines(path);
        Assert.HasCount(1 + 3 * 4, lines);
        StringAssert.StartsWith(lines[0], "sharpness,noise,winner,Adam_loss,Adam_learning_rate,Adam_standard_error,FOCUS_loss");
        var fields = lines[6].Split(',');
        Assert.AreEqual(diagram.Optimizers[diagram.Winner(2, 1)], fields[2]);
        Assert.AreEqual(diagram.Scores(2, 1)![2].Loss.ToString("R"), fields[9]);
    }

    [TestMethod]
    public void CriticalNoiseSeparatesTheWinners()
    {
        var diagram = new PhaseDiagram(SmallGrid with { Noise = [0, 1, 2, 3, 4] }, ["A", "B"]);
        double[][] losses = [[1, 1, 1, 1, 1], [0, 0, 0, 0, 0], [0, 0, 1, 1, 1], [0, 1, 0, 1, 1]];
        for (var row = 0; row < losses.Length; row++)
            for (var column = 0; column < 5; column++)
                diagram.Add(row, column, new(default, [], [new("A", losses[row][column], 1, 0), new("B", 0.5, 1, 0)], losses[row][column] < 0.5 ? 0 : 1));
        Assert.AreEqual(0, diagram.CriticalNoise(0, 0, 1));
        Assert.AreEqual(4, diagram.CriticalNoise(1, 0, 1));
        Assert.AreEqual(1.5, diagram.CriticalNoise(2, 0, 1));
        Assert.AreEqual(0.5, diagram.CriticalNoise(3, 0, 1));
    }

    private PhaseScan Scan(LandscapeSimulator.Options options, PhaseGrid? grid = null) => new(new LandscapeSimulator(options), grid ?? SmallGrid, folder);

    private SortedDictionary<string, byte[]> Rows() =>
        new(Directory.GetFiles(folder, "*.npy").ToDictionary(path => Path.GetFileName(path), File.ReadAllBytes));

    private static void Refuses(string name, Func<PhaseScan> open) =>
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(open).Message, name);

    private sealed class Direct(Action<ScanProgress> report) : IProgress<ScanProgress>
    {
        public void Report(ScanProgress value) => report(value);
    }
}
