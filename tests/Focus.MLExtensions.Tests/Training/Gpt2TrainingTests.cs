using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace Focus.Tests;

[TestClass]
public class Gpt2TrainingTests
{
    public static IEnumerable<object[]> OptimizersAndPrecisions =>
        from optimizer in TinyRun.Optimizers
        from precision in Enum.GetValues<TrainingPrecision>()
        select new object[] { optimizer, precision };

    [TestMethod]
    [DynamicData(nameof(OptimizersAndPrecisions))]
    public void EveryOptimizerLearnsInEveryPrecision(OptimizerSettings optimizer, TrainingPrecision precision)
    {
        using var validation = TinyRun.Tokens(500, seed: 2);
        var options = TinyRun.Options with { Optimizer = optimizer, Precision = precision, BatchSize = 16, MaxSteps = 60 };
        var (result, steps) = TinyRun.Watch(options, validation: validation);
        Assert.AreEqual(60, result.Steps);
        Assert.IsFalse(result.Cancelled);
        Assert.AreEqual(Math.Log(11), steps[0].Loss, 0.2); // Nothing is known at first, ...
        Assert.IsLessThan(1.7, result.Evaluation!.ValidationLoss!.Value); // ... and two tokens of three can be.
    }

    [TestMethod]
    public void TheModelEndsReadyForUse()
    {
        var (_, model) = TinyRun.Train(TinyRun.Options with { MaxSteps = 2, Precision = TrainingPrecision.Float16 });
        using var _ = model;
        Assert.IsFalse(model.training);
        Assert.IsTrue(model.parameters().All(parameter => parameter.dtype == ScalarType.Float32 && parameter.grad is null));
    }

    [TestMethod]
    [DataRow(ScalarType.Float16)]
    [DataRow(ScalarType.Float64)]
    public void AModelOfAnotherTypeIsRefused(ScalarType type)
    {
        using var model = new Gpt2(TinyRun.Config);
        model.to(type);
        var error = Assert.ThrowsExactly<ArgumentException>(() => new Gpt2Training(model, TinyRun.Options));
        foreach (var part in new[] { $"{type}", "Float32", "Gpt2TrainingOptions.Precision" }) StringAssert.Contains(error.Message, part);
    }

    [TestMethod]
    public void AStepFollowsTheMeanGradientOfItsMicroBatches()
    {
        var optimizerOptions = new AdamWOptions { LearningRate = 0.1 };
        var options = TinyRun.Options with { AccumulationSteps = 3, MaxSteps = 1, ClipNorm = null, Optimizer = optimizerOptions };
        using var expected = new Gpt2(TinyRun.Config, seed: 3);
        using var tokens = TinyRun.Tokens();
        var batches = new TokenBatches(tokens, RandomPurpose.TrainingBatches, TinyRun.Config, options);
        var micros = Enumerable.Range(0, 3).Select(number => batches.At(number));
        var losses = micros.Select(micro => expected.Loss(micro.Tokens, micro.Targets)).ToArray();
        var mean = stack(losses).mean();
        mean.backward();
        var norm = stack(expected.parameters().Select(parameter => parameter.grad!.norm())).norm().ToDouble();
        using var optimizer = optimizerOptions.CreateOptimizer(expected.ParameterGroups());
        optimizer.step();

        Gpt2Progress? step = null;
        var (_, actual) = TinyRun.Train(options with { Progress = new TinyRun.Reporter(progress => step = progress) });
        using var _ = actual;
        Assert.AreEqual(mean.ToDouble(), step!.Loss, 1e-6);
        Assert.AreEqual(norm, step.GradientNorm!.Value, 1e-6);
        foreach (var (weight, other) in actual.named_parameters().Zip(expected.parameters()))
            Assert.IsTrue(weight.parameter.allclose(other, rtol: 1e-3, atol: 1e-4), weight.name);
    }

    [TestMethod]
    public void ClippingScalesTheGradientDownToTheNorm()
    {
        // The first step of Signum's momentum is (1 − β1) times the gradient.
        var options = TinyRun.Options with { Optimizer = new SignumOptions { LearningRate = 0, Beta1 = 0.9 }, MaxSteps = 1 };
        var (_, free) = TinyRun.Watch(options with { ClipNorm = null });
        var (result, clipped) = TinyRun.Watch(options with { ClipNorm = 0.05 });
        Assert.AreEqual(free[0].GradientNorm!.Value, clipped[0].GradientNorm!.Value);
        Assert.AreEqual(0.1 * free[0].GradientNorm!.Value, free[0].Evaluation!.MomentumNorm!.Value, 1e-6);
        Assert.AreEqual(0.1 * 0.05, clipped[0].Evaluation!.MomentumNorm!.Value, 1e-6);
        Assert.AreEqual((0.0, 1.0, 1L), (free[0].ClippedShare, clipped[0].ClippedShare, result.ClippedSteps));
    }

    [TestMethod]
    public void TheDataComesInTheSameOrderWhateverElseTheRunDoes()
    {
        // With a learning rate of 0 the losses tell the batches apart, and nothing else.
        double[] Losses(Gpt2TrainingOptions options, TokenSource? validation = null)
            => [.. TinyRun.Watch(options, validation: validation).Steps.Select(step => step.Loss)];
        var still = TinyRun.Options with { Optimizer = new AdamWOptions { LearningRate = 0 } };
        var expected = Losses(still);
        Assert.AreEqual(expected.Length, expected.Distinct().Count());
        using var validation = TinyRun.Tokens(200, seed: 2);
        CollectionAssert.AreEqual(expected, Losses(still with { Optimizer = new FocusOptions { LearningRate = 0 } }));
        CollectionAssert.AreEqual(expected, Losses(still with { EvaluationInterval = 3 }, validation));
        CollectionAssert.AreNotEqual(expected, Losses(still with { Seed = 1 }));
    }

    [TestMethod]
    public void BatchesBeginEverywhereAndTargetsFollowTheirTokens()
    {
        using var tokens = new TokenBuffer();
        tokens.Append([.. Enumerable.Range(0, 11)]);
        var batches = new TokenBatches(tokens, RandomPurpose.TrainingBatches, TinyRun.Config, TinyRun.Options with { BatchSize = 200 });
        var (inputs, targets) = batches.At(7);
        Assert.IsTrue(targets.eq(inputs.add(1)).all().ToBoolean());
        var starts = inputs.select(1, 0).data<long>().ToArray();
        foreach (var start in new long[] { 0, 1, 2 }) Assert.IsInRange(40, 95, starts.Count(other => other == start), $"start {start}");
        Assert.AreEqual(2, starts.Max());
    }

    [TestMethod]
    public void EvaluationsComeAtTheirIntervalAndAtTheEnd()
    {
        using var validation = TinyRun.Tokens(500, seed: 2);
        var (result, steps) = TinyRun.Watch(TinyRun.Options with { MaxSteps = 25, EvaluationInterval = 10 }, validation: validation);
        var evaluated = steps.Where(step => step.Evaluation is not null).Select(step => step.Step);
        CollectionAssert.AreEqual(new long[] { 10, 20, 25 }, evaluated.ToArray());
        Assert.AreEqual(result.Evaluation, steps[^1].Evaluation);
        Assert.AreEqual(steps.Min(step => step.Evaluation?.ValidationLoss), result.BestValidationLoss);
    }

    [TestMethod]
    public void EveryStepReportsScheduleAndSpeed()
    {
        var options = TinyRun.Options with { Schedule = new LinearSchedule { WarmupSteps = 10 }, MaxSteps = 20, AccumulationSteps = 2 };
        var (_, steps) = TinyRun.Watch(options);
        Assert.AreEqual(0, steps[0].LearningRate);
        Assert.AreEqual(0.005, steps[5].LearningRate, 1e-12);
        foreach (var step in steps)
        {
            Assert.IsGreaterThan(0, step.TokensPerSecond);
            // 6·N + 12·L·H·Q·T operations per token, N without the 8 × 16 position weights.
            var flops = 6.0 * (TinyRun.Config.ParameterCount - 128) + 12 * 2 * 16 * 8;
            Assert.AreEqual(flops * step.TokensPerSecond / 1e12, step.ModelFlopsUtilization!.Value, 1e-12);
        }
        Assert.IsNull(TinyRun.Watch(options with { PeakFlops = null, MaxSteps = 11 }).Steps[0].ModelFlopsUtilization);
    }

    [TestMethod]
    public void CancellationKeepsWhatWasTrained()
    {
        using var cancellation = new CancellationTokenSource();
        var progress = new TinyRun.Reporter(step => { if (step.Step == 5) cancellation.Cancel(); });
        var (result, model) = TinyRun.Train(TinyRun.Options with { Progress = progress, CancellationToken = cancellation.Token });
        using var _ = model;
        Assert.AreEqual((5L, true), (result.Steps, result.Cancelled));
        Assert.IsNull(result.Evaluation);
        Assert.IsFalse(model.training);
    }

    [TestMethod]
    public void CancellationEndsTheRunBeforeTheNextMicroBatchAndTheStepIsDiscarded()
    {
        using var folder = new TemporaryFolder();
        var options = TinyRun.Options with { MaxSteps = 4, AccumulationSteps = 5, CheckpointFolder = folder.Path, Seed = 5 };
        var (_, straight) = TinyRun.Train(options with { CheckpointFolder = null });
        using var cancellation = new CancellationTokenSource();
        using var tokens = TinyRun.Tokens();
        var reads = 0;
        var watched = new TinyRun.WatchedTokens(tokens, () => { if (++reads == (2 * 5 + 3) * options.BatchSize) cancellation.Cancel(); });
        var (result, cancelled) = TinyRun.Train(options with { CancellationToken = cancellation.Token }, train: watched);
        Assert.AreEqual((2L, true), (result.Steps, result.Cancelled));
        Assert.AreEqual((2 * 5 + 3) * options.BatchSize, reads, "What is read after the cancellation.");
        Assert.IsTrue(cancelled.parameters().All(parameter => parameter.grad is null || parameter.grad.count_nonzero().ToInt64() == 0));
        var (_, resumed) = TinyRun.Train(options with { Resume = true });
        CollectionAssert.AreEqual(TinyRun.Bits(straight), TinyRun.Bits(resumed));
        foreach (var model in new[] { straight, cancelled, resumed }) model.Dispose();
    }

    [TestMethod]
    public void DivergenceNamesTheStep()
    {
        var options = TinyRun.Options with { Optimizer = new SignumOptions { LearningRate = 1e30 } };
        var error = Assert.ThrowsExactly<TrainingDivergedException>(() => TinyRun.Train(options));
        Assert.IsInRange(2, 3, error.Step);
        StringAssert.Contains(error.Message, $"step {error.Step}");
    }

    [TestMethod]
    public void OverflowOfScaledGradientsIsNoDivergence()
    {
        var steps = new List<Gpt2Progress>();
        var progress = new TinyRun.Reporter(steps.Add);
        var options = TinyRun.Options with { Precision = TrainingPrecision.Float16, MaxSteps = 30, Progress = progress };
        using var model = new Gpt2(TinyRun.Config, seed: 3);
        using var tokens = TinyRun.Tokens();
        TinyRun.MakeLoud(model);
        var result = new Gpt2Training(model, options).Run(tokens);
        Assert.IsInRange(1, 20, result.SkippedSteps);
        Assert.AreEqual(result.SkippedSteps, steps.Count(step => step.GradientNorm is null));
        Assert.IsNull(steps[0].GradientNorm);
        Assert.AreEqual(65536, steps[0].LossScale);
        Assert.AreEqual(32768, steps[1].LossScale);
    }

    [TestMethod]
    [DataRow(TrainingPrecision.Float32)]
    [DataRow(TrainingPrecision.Float16)]
    public void NoStepLeavesATensorBehind(TrainingPrecision precision)
    {
        using var folder = new TemporaryFolder();
        using var validation = TinyRun.Tokens(500, seed: 2);
        var tensors = new List<(long Live, long OutsideOfScopes)>();
        var options = TinyRun.Options with
        {
            Precision = precision,
            AccumulationSteps = 2,
            EvaluationInterval = 5,
            CheckpointFolder = folder.Path,
            CheckpointInterval = 5,
            MaxSteps = 40,
        };
        var statistics = DisposeScopeManager.Statistics;
        var progress = new TinyRun.Reporter(_ => tensors.Add((statistics.ThreadTotalLiveCount, statistics.CreatedOutsideScopeCount)));
        TinyRun.Train(options with { Progress = progress }, validation: validation).Model.Dispose();
        Assert.AreEqual(tensors[9], tensors[39]);
    }

    [TestMethod]
    public void MemoryStaysFlatOverThousandsOfSteps()
    {
        // A step takes 130 KiB for gradients and activations: lost, they would show as 200 MiB. The first steps fill pools and caches.
        long early = 0, late = 0;
        var progress = new TinyRun.Reporter(step =>
        {
            if (step.Step == 1000) early = ResidentBytes();
            if (step.Step == 5000) late = ResidentBytes();
        });
        TinyRun.Train(TinyRun.Options with { MaxSteps = 5000, Progress = progress }).Model.Dispose();
        Assert.IsLessThan(16L << 20, late - early);
    }

    private static long ResidentBytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
