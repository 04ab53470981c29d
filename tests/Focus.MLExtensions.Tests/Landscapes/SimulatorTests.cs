namespace Focus.Tests;

[TestClass]
public class SimulatorTests
{
    private static readonly LandscapeCell Cell = new(Sharpness: 10, Noise: 1.2);

    private static readonly LandscapeSimulator.Options Small = new()
    {
        Optimizers = [.. Optimizers.All, .. Optimizers.OfRules], LearningRates = Grid.LogSpace(1e-3, 1, 5), Replicates = 7, Steps = 100, Recording = RunRecording.Extremes,
    };

    public static IEnumerable<object[]> Settings =>
        from dimensions in new[] { 2, 5 }
        from mode in Enum.GetValues<NoiseMode>()
        from recording in Enum.GetValues<RunRecording>()
        select new object[] { dimensions, mode, recording };

    [TestMethod]
    [DynamicData(nameof(Settings))]
    public void EveryWidthGivesTheSameBits(int dimensions, NoiseMode mode, RunRecording recording)
    {
        var options = Small with { Dimensions = dimensions, NoiseMode = mode, Recording = recording };
        var expected = Simulate(options with { VectorWidth = VectorWidth.Scalar });
        foreach (var width in Enum.GetValues<VectorWidth>())
            CollectionAssert.AreEqual(expected, Simulate(options with { VectorWidth = width }), width.ToString());
    }

    [TestMethod]
    [DataRow(2, 2)]
    [DataRow(5, 2)]
    [DataRow(2, 6)]
    [DataRow(5, 6)]
    public void ARunDoesNotDependOnItsCompany(int dimensions, int optimizer)
    {
        var options = Small with { Dimensions = dimensions };
        var all = Simulate(options);
        var alone = options with { Optimizers = [Small.Optimizers[optimizer]], LearningRates = [Small.LearningRates[3]], Replicates = 4 };
        var offset = ((optimizer * options.LearningRates.Count + 3) * options.Replicates) * 3;
        CollectionAssert.AreEqual(all[offset..(offset + 4 * 3)], Simulate(alone));
    }

    [TestMethod]
    public void ConcurrentSimulationsGiveTheSameBits()
    {
        var simulator = new LandscapeSimulator(Small);
        var cells = Enumerable.Range(0, 40).Select(i => Cell with { Noise = i * 0.05 }).ToArray();
        var expected = cells.Select(cell => simulator.Simulate(cell).Outcomes).ToArray();
        var parallel = new double[cells.Length][];
        Parallel.For(0, cells.Length, i => parallel[i] = simulator.Simulate(cells[i]).Outcomes);
        for (var i = 0; i < cells.Length; i++) CollectionAssert.AreEqual(expected[i], parallel[i]);
    }

    [TestMethod]
    [DataRow(2, NoiseMode.Independent)]
    [DataRow(2, NoiseMode.Common)]
    [DataRow(4, NoiseMode.Independent)]
    public void TraceIsTheRunThatWasSimulated(int dimensions, NoiseMode mode)
    {
        var options = Small with { Dimensions = dimensions, NoiseMode = mode };
        var simulator = new LandscapeSimulator(options);
        var outcomes = simulator.Simulate(Cell).Outcomes;
        for (var optimizer = 0; optimizer < options.Optimizers.Count; optimizer++)
        {
            var path = simulator.Trace(Cell, optimizer, options.LearningRates[2], replicate: 5);
            var run = outcomes.AsSpan(((optimizer * 5 + 2) * 7 + 5) * 3, 3);
            Assert.HasCount(options.Steps + 1, path.Loss);
            Assert.AreEqual(run[0], path.Loss[^1], 1e-9 * Math.Abs(run[0]));
            Assert.AreEqual(run[1], path.Loss[1..].Min(), 1e-9 * Math.Abs(run[1]));
            Assert.AreEqual(run[2], Math.Max(0, path.U[1..].Max()), 1e-9 * run[2]);
        }
    }

    [TestMethod]
    public void CommonDrawsAreSharedAndIndependentOnesAreNot()
    {
        // Two learning rates so close that, with the same draws, a short run ends at nearly the same loss.
        var options = Small with { LearningRates = [1e-3, 1e-3 + 1e-12], Optimizers = [LandscapeOptimizer.Adam()], Recording = RunRecording.FinalLoss };
        double LargestGap(NoiseMode mode)
        {
            var outcomes = Simulate(options with { NoiseMode = mode });
            return Enumerable.Range(0, 7).Max(i => Math.Abs(outcomes[i] - outcomes[i + 7]) / Math.Abs(outcomes[i]));
        }
        Assert.IsLessThan(1e-6, LargestGap(NoiseMode.Common));
        Assert.IsGreaterThan(1e-3, LargestGap(NoiseMode.Independent));
    }

    [TestMethod]
    public void SeedReplicateAndCellChangeTheDraws()
    {
        var options = Small with { Recording = RunRecording.FinalLoss, Optimizers = Optimizers.All };
        var outcomes = Simulate(options);
        Assert.AreEqual(outcomes.Length, outcomes.Distinct().Count());
        Assert.IsFalse(outcomes.Intersect(Simulate(options with { Seed = 2 })).Any());
        CollectionAssert.AreEqual(outcomes, Simulate(options));
    }

    [TestMethod]
    public void AQuarterTurnAndAMirrorDoNotChangeTheStatistics()
    {
        var options = new LandscapeSimulator.Options { LearningRates = [0.02], Replicates = 3000, Steps = 300 };
        var turned = new[] { 0.3, 0.3 + Math.PI / 2, -0.3 }
            .Select(angle => new LandscapeSimulator(options with { Angle = angle, Seed = (long)(angle * 100) }).Simulate(Cell)).ToArray();
        for (var optimizer = 0; optimizer < 3; optimizer++)
        {
            var first = turned[0].Scores[optimizer];
            foreach (var other in turned.Skip(1).Select(result => result.Scores[optimizer]))
            {
                var error = Math.Sqrt(first.StandardError * first.StandardError + other.StandardError * other.StandardError);
                Assert.AreEqual(first.Loss, other.Loss, 4.5 * error, first.Optimizer);
            }
        }
    }

    [TestMethod]
    public void SignumWithoutNoiseWalksDownTheAxis()
    {
        var options = new LandscapeSimulator.Options
        {
            Optimizers = [LandscapeOptimizer.Signum()], LearningRates = [0.01], Replicates = 1, Angle = 0, StartSpread = 0, Recording = RunRecording.Extremes,
        };
        var outcomes = new LandscapeSimulator(options).Simulate(new(10, Noise: 0, WeightDecay: 0, Slope: 0.1)).Outcomes;
        CollectionAssert.AreEqual(new[] { -1.0, -1.0, 10.0 }, outcomes.Select(x => Math.Round(x, 9)).ToArray());
    }

    [TestMethod]
    public void ScoreIsTheLowestMeanOverLearningRates()
    {
        var options = new LandscapeSimulator.Options
        {
            Optimizers = [LandscapeOptimizer.Adam(), LandscapeOptimizer.Signum()], LearningRates = [0.1, 0.2], Replicates = 3,
        };
        var result = CellResult.Score(options, Cell, [1, 2, 3, -1, 0, 1, double.NaN, 0, 0, -1, -1, -1]);
        Assert.AreEqual(1 / Math.Sqrt(3), result.Scores[0].StandardError, 1e-12);
        Assert.AreEqual(new OptimizerScore("Adam", 0, 0.2, result.Scores[0].StandardError), result.Scores[0]);
        Assert.AreEqual(new OptimizerScore("Signum", -1, 0.2, 0), result.Scores[1]);
        Assert.AreEqual(1, result.Winner);
        Assert.AreEqual(-1, CellResult.Score(options, Cell, [.. Enumerable.Repeat(double.NaN, 12)]).Winner);
    }

    [TestMethod]
    public void CancellationStopsASimulation()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.ThrowsExactly<OperationCanceledException>(() => new LandscapeSimulator(Small).Simulate(Cell, source.Token));
    }

    private static double[] Simulate(LandscapeSimulator.Options options) => new LandscapeSimulator(options).Simulate(Cell).Outcomes;
}
