namespace Focus.Tests;

[TestClass]
public class LearningRateScheduleTests
{
    private static double[] Factors(LearningRateSchedule schedule, long totalSteps, params long[] steps)
        => [.. steps.Select(step => Math.Round(schedule.Factor(step, totalSteps), 12))];

    [TestMethod]
    public void ConstantIsOne() => CollectionAssert.AreEqual(new double[] { 1, 1 }, Factors(new ConstantSchedule(), 10, 0, 9));

    [TestMethod]
    public void CosineWarmsUpFromZeroAndEndsAtItsFloor()
        => CollectionAssert.AreEqual(
            new[] { 0, 0.25, 1, 0.525, 0.05, 0.05 },
            Factors(new CosineSchedule { WarmupSteps = 4, FinalFactor = 0.05 }, 104, 0, 1, 4, 54, 104, 200));

    [TestMethod]
    public void LinearFallsInAStraightLine()
        => CollectionAssert.AreEqual(
            new[] { 0.5, 1, 0.6, 0.2 }, Factors(new LinearSchedule { WarmupSteps = 2, FinalFactor = 0.2 }, 12, 1, 2, 7, 12));

    [TestMethod]
    public void InverseSquareRootCountsStepsFromOne()
        => CollectionAssert.AreEqual(new[] { 1, 0.5, 0.1 }, Factors(new InverseSquareRootSchedule(), 100, 0, 3, 99));

    [TestMethod]
    public void WarmupStableDecayIsFlatInBetween()
        => CollectionAssert.AreEqual(
            new[] { 0.5, 1, 1, 0.5, 0 }, Factors(new WarmupStableDecaySchedule { WarmupSteps = 2, DecaySteps = 4 }, 20, 1, 2, 16, 18, 20));

    public static IEnumerable<object[]> InvalidSchedules =>
    [
        [new CosineSchedule { WarmupSteps = 11 }, "WarmupSteps"],
        [new CosineSchedule { FinalFactor = 1.5 }, "FinalFactor"],
        [new LinearSchedule { WarmupSteps = -1 }, "WarmupSteps"],
        [new LinearSchedule { FinalFactor = double.NaN }, "FinalFactor"],
        [new WarmupStableDecaySchedule { WarmupSteps = 6, DecaySteps = 5 }, "DecaySteps"],
    ];

    [TestMethod]
    [DynamicData(nameof(InvalidSchedules))]
    public void ASettingThatDoesNotFitTheRunIsNamed(LearningRateSchedule schedule, string name)
        => Assert.AreEqual(name, Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => schedule.Validate(totalSteps: 10)).ParamName);
}
