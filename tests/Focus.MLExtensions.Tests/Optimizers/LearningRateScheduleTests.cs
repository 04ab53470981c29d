using System.Text.Json;
using TorchSharp.Modules;
using static TorchSharp.torch;

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

    /// <summary>The published schedules, each with the highest learning rate and the length of its run.</summary>
    [TestMethod]
    public void PublishedSchedulesAreReproduced()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(SharedData.Golden("zoo/schedules.json")));
        foreach (var golden in document.RootElement.GetProperty("cases").EnumerateArray())
        {
            var (name, settings) = (golden.GetProperty("name").GetString()!, golden.GetProperty("settings"));
            var (schedule, highest) = Published(name, settings);
            var length = settings.TryGetProperty("T", out var steps) ? steps.GetInt64() : 100;
            schedule.Validate(length);
            foreach (var (step, value) in golden.GetProperty("values").EnumerateArray().Index())
                Assert.AreEqual(value.GetDouble(), highest * schedule.Factor(step, length), 1e-14, $"{golden.GetProperty("formula")}, {settings}, step {step}");
            if (!golden.TryGetProperty("momentum", out var momenta)) continue;
            foreach (var (step, value) in momenta.EnumerateArray().Index())
                Assert.AreEqual(value.GetDouble(), schedule.Momentum(step, length)!.Value, 1e-14, $"{settings}, momentum at step {step}");
        }
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(10)] // The rise of a tenth ends with the first step.
    public void OneCycleIsDefinedWhereAPhaseHasNoLength(long totalSteps)
    {
        foreach (var schedule in new[] { new OneCycleSchedule { RisingShare = 0.1 }, new OneCycleSchedule { RisingShare = 0.1, ThreePhases = true } })
            for (var step = 0L; step < totalSteps; step++) Assert.IsTrue(schedule.Factor(step, totalSteps) is > 0 and <= 1, $"step {step} of {totalSteps}");
    }

    [TestMethod]
    public void OneCycleMovesTheMomentumOfTheOptimizer()
    {
        using var optimizer = new LionOptions { LearningRate = 0.1 }.CreateOptimizer([new Parameter(ones(1))]);
        var schedule = new OneCycleSchedule();
        schedule.Apply(optimizer, 29, 100);
        Assert.AreEqual(0.1, optimizer.ParamGroups.Single().LearningRate, 1e-12);
        Assert.AreEqual(schedule.LowMomentum, ((optim.IMomentum)optimizer).Momentum, 1e-12);
    }

    private static (LearningRateSchedule Schedule, double Highest) Published(string name, JsonElement settings)
    {
        double Value(string key, double otherwise = 0) => settings.TryGetProperty(key, out var value) ? value.GetDouble() : otherwise;
        var highest = Value("lr", Value("max_lr"));
        var floor = Value("min_lr", Value("end_lr")) / highest;
        var warmup = (long)Value("warmup");
        return (name switch
        {
            "rex" => new RexSchedule { FinalFactor = floor },
            "budgeted_linear" => new LinearSchedule(),
            "wsd" or "wsd_floor" => new WarmupStableDecaySchedule
            {
                WarmupSteps = warmup, FirstStepMoves = name == "wsd_floor", DecaySteps = (long)Value("decay"), FinalFactor = Value("min_ratio"),
                Shape = settings.GetProperty("cooldown").GetString() switch
                {
                    "1-sqrt" => DecayShape.OneMinusRoot, "1-square" => DecayShape.OneMinusSquare, "cosine" => DecayShape.Cosine, _ => DecayShape.Linear,
                },
            },
            "inverse_square_root" => new InverseSquareRootSchedule { WarmupSteps = warmup, InitialFactor = Value("init_lr") / highest },
            "noam" => new NoamSchedule { Width = (int)Value("d"), WarmupSteps = warmup },
            "cosine_with_restarts" => new CosineRestartsSchedule { FirstCycle = (long)Value("T0"), CycleGrowth = Value("mult"), FinalFactor = floor },
            "cosine_with_restarts_warmup" => new CosineRestartsSchedule
            {
                FirstCycle = (long)Value("first"), CycleGrowth = Value("mult"), WarmupSteps = warmup, PeakDecay = Value("gamma"), FinalFactor = floor,
            },
            "trapezoid" => WarmupStableDecaySchedule.Trapezoid(warmup, (long)Value("warmdown")),
            "step_30_60_90" => new StepSchedule { Gamma = Value("gamma") },
            "polynomial" => new PolynomialSchedule { WarmupSteps = warmup, Power = Value("power"), FinalFactor = floor },
            "one_cycle" => new OneCycleSchedule
            {
                RisingShare = Value("pct_start"), InitialDivisor = Value("div"), FinalDivisor = Value("final_div"), HighMomentum = Value("hi_mom"),
                LowMomentum = Value("lo_mom"), ThreePhases = settings.GetProperty("three_phase").GetBoolean(),
                StraightLines = settings.GetProperty("anneal").GetString() == "linear",
            },
            _ => throw new InvalidDataException($"unknown schedule {name}"),
        }, highest);
    }
}
