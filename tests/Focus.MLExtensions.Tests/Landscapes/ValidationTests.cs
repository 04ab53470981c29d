namespace Focus.Tests;

[TestClass]
public class ValidationTests
{
    public static IEnumerable<object[]> BadOptions =>
    [
        [new LandscapeSimulator.Options { Optimizers = [] }, "Optimizers", "empty"],
        [new LandscapeSimulator.Options { Optimizers = [LandscapeOptimizer.Adam(), LandscapeOptimizer.Adam(0.8)] }, "Optimizers", "Adam 2 times"],
        [new LandscapeSimulator.Options { Optimizers = [LandscapeOptimizer.Lion(), LandscapeOptimizer.From(new SgdOptions(), "LION")] }, "Optimizers", "From"],
        [new LandscapeSimulator.Options { LearningRates = [] }, "LearningRates", "empty"],
        [new LandscapeSimulator.Options { LearningRates = [0.1, -0.5] }, "LearningRates", "-0.5"],
        [new LandscapeSimulator.Options { LearningRates = [double.NaN] }, "LearningRates", "NaN"],
        [new LandscapeSimulator.Options { Replicates = 0 }, "Replicates", "1 to 1000000"],
        [new LandscapeSimulator.Options { Replicates = int.MaxValue }, "Replicates", "1 to 1000000"],
        [new LandscapeSimulator.Options { Replicates = 1_000_000, LearningRates = new double[1000].Select(_ => 0.1).ToArray() }, "Replicates", "fewer"],
        [new LandscapeSimulator.Options { Steps = -3 }, "Steps", "-3"],
        [new LandscapeSimulator.Options { Steps = int.MaxValue }, "Steps", "1 to 10000000"],
        [new LandscapeSimulator.Options { Dimensions = 1 }, "Dimensions", "2 to 100000"],
        [new LandscapeSimulator.Options { Dimensions = int.MaxValue }, "Dimensions", "2 to 100000"],
        [new LandscapeSimulator.Options { Angle = double.PositiveInfinity }, "Angle", "finite"],
        [new LandscapeSimulator.Options { StartSpread = -1 }, "StartSpread", "-1"],
    ];

    public static IEnumerable<object[]> BadCells =>
    [
        [new LandscapeCell(-1, 0), "Sharpness", "-1"],
        [new LandscapeCell(1, double.NaN), "Noise", "NaN"],
        [new LandscapeCell(1, 2e6), "Noise", "0 to 1000000"],
        [new LandscapeCell(1, 0, -0.1), "WeightDecay", "-0.1"],
        [new LandscapeCell(1, 0, 0, double.NegativeInfinity), "Slope", "finite"],
    ];

    [TestMethod]
    [DynamicData(nameof(BadOptions))]
    public void BadOptionsAreNamed(LandscapeSimulator.Options options, string name, string hint) => Expect(() => _ = new LandscapeSimulator(options), name, hint);

    [TestMethod]
    [DynamicData(nameof(BadCells))]
    public void BadCellsAreNamed(LandscapeCell cell, string name, string hint) =>
        Expect(() => new LandscapeSimulator(new()).Simulate(cell), name, hint);

    [TestMethod]
    public void BadHyperparametersAreNamed()
    {
        Expect(() => LandscapeOptimizer.Adam(beta1: 1), "beta1", "below 1");
        Expect(() => LandscapeOptimizer.Adam(epsilon: 0), "epsilon", "at least 1E-100");
        Expect(() => LandscapeOptimizer.Focus(gamma: -0.1), "gamma", "-0.1");
        Expect(() => LandscapeOptimizer.Signum(double.NaN), "beta", "NaN");
        Expect(() => LandscapeOptimizer.Lion(beta2: 1.5), "beta2", "1.5");
    }

    [TestMethod]
    public void OutcomesThatDoNotFitAreRefused() =>
        Expect(() => new LandscapeSimulator(new()).Simulate(new(1, 1), new double[5]), "outcomes", "3000");

    [TestMethod]
    public void GridsCheckTheirEnds()
    {
        Expect(() => Grid.LogSpace(0, 1, 3), "start", "above 0");
        Expect(() => Grid.LinSpace(0, double.NaN, 3), "stop", "NaN");
        Expect(() => Grid.LinSpace(0, 1, 0), "count", "at least 1");
    }

    [TestMethod]
    public void GridsAreEvenAndHitTheirEnds()
    {
        CollectionAssert.AreEqual(new[] { 0, 0.5, 1 }, Grid.LinSpace(0, 1, 3));
        CollectionAssert.AreEqual(new[] { 7.0 }, Grid.LinSpace(7, 9, 1));
        var log = Grid.LogSpace(0.1, 1000, 5);
        Assert.AreEqual(0.1, log[0]);
        Assert.AreEqual(1000, log[^1]);
        Assert.AreEqual(10, log[2], 1e-12);
    }

    private static void Expect(Action action, string name, string hint)
    {
        var fault = Assert.Throws<ArgumentException>(action);
        Assert.AreEqual(name, fault.ParamName);
        StringAssert.Contains(fault.Message, name);
        StringAssert.Contains(fault.Message, hint);
    }
}
