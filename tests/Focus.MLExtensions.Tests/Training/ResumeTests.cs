using System.Text.Json;
using static TorchSharp.torch;

namespace Focus.Tests;

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

    /// <summary>Optimizers with state of every kind: rounded, of rows, of matrices, of single numbers, of averages, of estimates.</summary>
    public static IEnumerable<object[]> MoreCases =>
        from optimizer in EveryOptimizerTests.AllKinds.Select(row => (OptimizerSettings)row[0])
        select new object[] { optimizer is SophiaGOptions sophia ? sophia with { CurvatureInterval = 2 } : optimizer };

    [TestMethod]
    [DynamicData(nameof(MoreCases))]
    public void EveryOptimizerResumes(OptimizerSettings optimizer) => AResumedRunEqualsAnUninterruptedOneToTheLastBit(optimizer, TrainingPrecision.Float32);

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void AResumedRunEqualsAnUninterruptedOneToTheLastBit(OptimizerSettings optimizer, TrainingPrecision precision)
    {
        using var folder = new TemporaryFolder();
        var options = TinyRun.Options with
        {
            Optimizer = optimizer,
            Precision = precision,
            Schedule = optimizer.HasAverage ? new ConstantSchedule() : new CosineSchedule { WarmupSteps = 3 },
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
    [DataRow(4)]
    [DataRow(8)]
    public void AnEvaluationThatACancellationCutOffIsMadeWhenTheRunIsResumed(int cut)
    {
        using TemporaryFolder straight = new(), resumed = new();
        var options = TinyRun.Options with
        {
            Optimizer = new SignumOptions { LearningRate = 0.003 },
            Schedule = new JumpSchedule(cut),
            MaxSteps = 8,
            EvaluationInterval = 4,
            CheckpointInterval = 4,
        };
        var expected = RunInto(straight, options);
        Assert.AreEqual(expected.Steps[cut - 1].Evaluation!.ValidationLoss, expected.Result.BestValidationLoss);
        using (var cancellation = new CancellationTokenSource())
        {
            // Each evaluation reads 2 batches of 4 sequences.
            var reads = 0;
            var cutOff = RunInto(resumed, options with { CancellationToken = cancellation.Token }, () =>
            {
                if (++reads == (cut == 4 ? 1 : 9)) cancellation.Cancel();
            });
            Assert.AreEqual((cut, true), ((int)cutOff.Result.Steps, cutOff.Result.Cancelled));
            Assert.IsNull(cutOff.Result.Evaluation);
            Assert.IsNull(cutOff.Steps[^1].Evaluation);
            // A second cancellation at the same place changes nothing.
            Assert.IsNull(RunInto(resumed, options with { CancellationToken = cancellation.Token, Resume = true }).Result.Evaluation);
        }
        var found = RunInto(resumed, options with { Resume = true });

        Assert.AreEqual(expected.Result, found.Result);
        Assert.AreEqual(cut, found.Steps[0].Step);
        Assert.AreEqual(expected.Steps[cut - 1].Evaluation, found.Steps[0].Evaluation);
        CollectionAssert.AreEqual(straight.FileNames.ToArray(), resumed.FileNames.ToArray());
        foreach (var name in straight.FileNames.Where(name => name.EndsWith(".safetensors", StringComparison.Ordinal)))
            AssertSameCheckpoint(straight.File(name), resumed.File(name));
        CollectionAssert.AreEqual(Metrics(straight), Metrics(resumed));
    }

    /// <summary>After a step, steps become so long that the loss rises.</summary>
    private sealed record JumpSchedule(long Last) : LearningRateSchedule
    {
        public override double Factor(long step, long totalSteps) => step < Last ? 1 - step / 100.0 : 1000;
    }

    private static (Gpt2TrainingResult Result, List<Gpt2Progress> Steps) RunInto(
        TemporaryFolder folder, Gpt2TrainingOptions options, Action? read = null)
    {
        using var tokens = TinyRun.Tokens(500, seed: 2);
        using var validation = new TinyRun.WatchedTokens(tokens, read ?? (() => { }));
        return TinyRun.Watch(
            options with { CheckpointFolder = folder.Path, MetricsFile = folder.File("metrics.jsonl") }, Config, validation);
    }

    private static void AssertSameCheckpoint(string expected, string found)
    {
        SafetensorsContent one = Safetensors.Load(expected), other = Safetensors.Load(found);
        CollectionAssert.AreEqual(one.Tensors.Keys, other.Tensors.Keys);
        foreach (var (name, tensor) in one.Tensors) Assert.IsTrue(tensor.bytes.SequenceEqual(other.Tensors[name].bytes), $"{found}: {name}");
        Gpt2RunState a = CheckpointFile.Parse(one.Metadata).State, b = CheckpointFile.Parse(other.Metadata).State;
        Assert.AreEqual(a with { Elapsed = default, Duration = default, Changes = [] }, b with { Elapsed = default, Duration = default, Changes = [] }, found);
        CollectionAssert.AreEqual(a.Changes.ToArray(), b.Changes.ToArray());
    }

    /// <summary>The lines of the metrics without what depends on the time.</summary>
    private static string[] Metrics(TemporaryFolder folder) =>
    [
        .. File.ReadLines(folder.File("metrics.jsonl")).Select(line => string.Join(", ",
            from property in JsonDocument.Parse(line).RootElement.EnumerateObject()
            where property.Name is not ("elapsed" or "tokens_per_second" or "model_flops_utilization")
            select $"{property.Name} {property.Value}")),
    ];

    [TestMethod]
    public void AnAllowedChangeOfTheRateTakesEffectAtTheNextStep()
    {
        using var folder = new TemporaryFolder();
        var slow = TinyRun.Options with { Optimizer = new AdamWOptions { LearningRate = 0.001 }, MaxSteps = 3, CheckpointFolder = folder.Path };
        Run(slow);
        var fast = slow with { Optimizer = new AdamWOptions { LearningRate = 0.01 }, MaxSteps = 6, Resume = true };
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Run(fast)).Message, "AllowChanges");

        var changes = new List<SettingChange>();
        var found = Run(fast with { AllowChanges = true, Changed = new ChangeList(changes) });

        var stepped = slow with { Schedule = new TenfoldSchedule(After: 3), MaxSteps = 6, CheckpointFolder = null };
        CollectionAssert.AreEqual(Run(stepped).Bits, found.Bits);
        var change = changes.Single();
        Assert.AreEqual((3L, "Optimizer"), (change.Step, change.Name));
        StringAssert.Contains(change.Before, "0.001");
        StringAssert.Contains(change.After, "0.01");
        CollectionAssert.AreEqual(changes, Gpt2Checkpoint.ChangesOf(Gpt2Checkpoint.Newest(folder.Path)!).ToArray());
        // The checkpoint has the new settings, and goes on telling of the change.
        Run(fast with { MaxSteps = 7 });
        CollectionAssert.AreEqual(changes, Gpt2Checkpoint.ChangesOf(Gpt2Checkpoint.Newest(folder.Path)!).ToArray());
    }

    [TestMethod]
    public void BatchesScheduleAndPrecisionMayChangeButNotTheModelOrTheKindOfOptimizer()
    {
        using var folder = new TemporaryFolder();
        var options = TinyRun.Options with { MaxSteps = 3, CheckpointFolder = folder.Path };
        Run(options);
        var changes = new List<SettingChange>();
        var scales = new List<double?>();
        var other = options with
        {
            MaxSteps = 5, BatchSize = 2, AccumulationSteps = 3, Precision = TrainingPrecision.Float16, Schedule = new RexSchedule(), Seed = 9, ClipNorm = null,
            Resume = true, AllowChanges = true, Changed = new ChangeList(changes),
        };
        Run(other, step => scales.Add(step.LossScale));
        CollectionAssert.AreEquivalent(
            new[] { "BatchSize", "AccumulationSteps", "Precision", "Schedule", "Seed", "ClipNorm" }, changes.ConvertAll(change => change.Name));
        Assert.IsGreaterThan(1024, scales[0]!.Value); // As a new run's in float16.

        foreach (OptimizerSettings misfit in new OptimizerSettings[] { new LionOptions(), new AdamWOptions { Amsgrad = true } })
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Run(other with { Optimizer = misfit })).Message, "its Optimizer is");
        using var model = new Gpt2(Config with { Layers = 1 });
        using var tokens = TinyRun.Tokens();
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => new Gpt2Training(model, other).Run(tokens)).Message, "Model");
    }

    private sealed class ChangeList(List<SettingChange> changes) : IProgress<SettingChange>
    {
        public void Report(SettingChange value) => changes.Add(value);
    }

    private sealed record TenfoldSchedule(long After) : LearningRateSchedule
    {
        public override double Factor(long step, long totalSteps) => step < After ? 1 : 10;
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
