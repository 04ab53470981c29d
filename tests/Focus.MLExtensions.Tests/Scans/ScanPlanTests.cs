namespace Focus.Tests;

[TestClass]
public class ScanPlanTests
{
    private static readonly ScanPlan Plan = new()
    {
        Settings = [],
        Trainers = ["AdamW", "Signum"],
        BatchSizes = [2, 4, 8],
        LearningRates = [0.001, 0.01],
        Metrics = ["loss"],
    };

    [TestMethod]
    public void RunsAreNumberedWithTheReplicateFastest()
    {
        Assert.AreEqual(2 * 3 * 2 * 3, Plan.RunCount);
        var run = Plan[1 * 18 + 2 * 6 + 1 * 3 + 2];
        Assert.AreEqual((1, 8, 0.01, 2), (run.Trainer, run.BatchSize, run.LearningRate, run.Replicate));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Plan[36]);
    }

    [TestMethod]
    public void EveryRunHasASeedOfItsOwn()
    {
        var seeds = Enumerable.Range(0, Plan.RunCount).Select(index => Plan[index].Seed).ToArray();
        Assert.HasCount(seeds.Length, seeds.Distinct());
        Assert.IsTrue(seeds.All(seed => seed >= 0));
        Assert.AreNotEqual(seeds[0], (Plan with { Seed = 2 })[0].Seed);
    }

    [TestMethod]
    public void ASmallerPlanHasTheSameRuns()
    {
        var part = Plan with { Trainers = ["Signum"], BatchSizes = [8], LearningRates = [0.01] };
        Assert.AreEqual(Plan[1 * 18 + 2 * 6 + 1 * 3 + 2].Seed, part[2].Seed);
    }

    [TestMethod]
    public void WrongValuesAreNamed()
    {
        Refuses("Trainers", Plan with { Trainers = [] });
        Refuses("Signum twice", Plan with { Trainers = ["Signum", "Signum"] });
        Refuses("BatchSizes holds 0", Plan with { BatchSizes = [0] });
        Refuses("LearningRates holds -1", Plan with { LearningRates = [-1] });
        Refuses("LearningRates holds NaN", Plan with { LearningRates = [double.NaN] });
        Refuses("Metrics", Plan with { Metrics = [""] });
        Refuses("Metrics holds a,b", Plan with { Metrics = ["a,b"] });
        foreach (var field in new[] { "run", "trainer", "batch_size", "learning_rate", "replicate", "seed", "diverged_at" })
            Refuses($"Metrics holds {field}", Plan with { Metrics = ["loss", field] });
        Refuses("Trainers holds \"A\"", Plan with { Trainers = ["\"A\""] });
        Refuses("Replicates is 0", Plan with { Replicates = 0 });
        Refuses("Steps is 0", Plan with { Steps = 0 });
        Refuses("smaller plans", Plan with { Steps = int.MaxValue });
    }

    private static void Refuses(string hint, ScanPlan plan) =>
        StringAssert.Contains(Assert.Throws<ArgumentException>(plan.Validate).Message, hint);
}
