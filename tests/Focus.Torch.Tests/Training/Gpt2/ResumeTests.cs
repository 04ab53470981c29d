using static TorchSharp.torch;

namespace Focus.Torch.Tests.Training.Gpt2Runs;

/// <summary>A run that is stopped and continued is the run that was not stopped.</summary>
[TestClass]
public class ResumeTests
{
    private const int Total = 12, Stop = 5;

    private static readonly Gpt2Config Config = TinyRun.Config with { Dropout = 0.2 };

    public static IEnumerable<object[]> Cases =>
        from optimizer in TinyRun.Optimizers
        from precision in Enum.GetValues<TrainingPrecision>()
        select new object[] { optimizer, precision };

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void AResumedRunEqualsAnUninterruptedOneToTheLastBit(OptimizerOptions optimizer, TrainingPrecision precision)
    {
        using var folder = new TemporaryFolder();
        var options = TinyRun.Options with
        {
            Optimizer = optimizer,
            Precision = precision,
            Schedule = new CosineSchedule { WarmupSteps = 3 },
            AccumulationSteps = 2,
            ClipNorm = 0.5,
            MaxSteps = Total,
            EvaluationInterval = 4,
            Seed = 5,
        };
        var straight = Run(options);
        using var cancellation = new CancellationTokenSource();
        var kept = options with { CheckpointFolder = folder.Path };
        var first = Run(kept with { CancellationToken = cancellation.Token }, step => { if (step.Step == Stop) cancellation.Cancel(); });
        using (rand(100)) manual_seed(99); // Whatever else draws random numbers does not matter.
        var second = Run(kept with { Resume = true, EvaluationInterval = 3 });

        Assert.AreEqual((long)Stop, first.Result.Steps);
        Assert.AreEqual(Total - Stop, second.Losses.Count);
        CollectionAssert.AreEqual(straight.Losses, first.Losses.Concat(second.Losses).ToList());
        CollectionAssert.AreEqual(straight.Bits, second.Bits);
        Assert.AreEqual(straight.Result.ClippedSteps, second.Result.ClippedSteps);
        Assert.AreEqual(straight.Result.SkippedSteps, second.Result.SkippedSteps);
        Assert.AreEqual(straight.Result.Evaluation, second.Result.Evaluation);
        if (precision == TrainingPrecision.Float16) Assert.IsGreaterThan(0, straight.Result.SkippedSteps); // The loss scale has moved.
    }

    [TestMethod]
    public void AFinishedRunIsNotTrainedAgainButMayBeProlonged()
    {
        using var folder = new TemporaryFolder();
        var options = TinyRun.Options with { MaxSteps = 4, CheckpointFolder = folder.Path };
        var finished = Run(options);
        var again = Run(options with { Resume = true });
        Assert.IsEmpty(again.Losses);
        Assert.AreEqual(finished.Result, again.Result);
        CollectionAssert.AreEqual(finished.Bits, again.Bits);
        CollectionAssert.AreEqual(Run(TinyRun.Options with { MaxSteps = 6 }).Bits, Run(options with { Resume = true, MaxSteps = 6 }).Bits);
    }

    [TestMethod]
    public void ThereIsNothingToResumeInAnEmptyFolder()
    {
        using var folder = new TemporaryFolder();
        var options = TinyRun.Options with { MaxSteps = 3 };
        CollectionAssert.AreEqual(
            Run(options).Bits, Run(options with { CheckpointFolder = folder.File("new"), Resume = true }).Bits);
    }

    private static (Gpt2TrainingResult Result, List<double> Losses, byte[] Bits) Run(
        Gpt2TrainingOptions options, Action<Gpt2Progress>? action = null)
    {
        var losses = new List<double>();
        using var model = new Gpt2(Config, seed: 3);
        if (options.Precision == TrainingPrecision.Float16) TinyRun.MakeLoud(model);
        using TokenBuffer train = TinyRun.Tokens(), validation = TinyRun.Tokens(500, seed: 2);
        var result = new Gpt2Training(model, options with
        {
            Progress = new TinyRun.Reporter(step =>
            {
                losses.Add(step.Loss);
                action?.Invoke(step);
            }),
        }).Run(train, validation);
        return (result, losses, TinyRun.Bits(model));
    }
}
