using System.Diagnostics;
using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Focus.Tests;

[TestClass]
public class ClassifierTrainingTests
{
    /// <summary>Rows around one of four corners, which says the label.</summary>
    private static ClassificationData Corners(int rows = 512, int width = 64)
    {
        using var generator = new Generator(2);
        long[] labels = [.. Enumerable.Range(0, rows).Select(row => row % 4L)];
        var features = randn([rows, width], generator: generator);
        features.select(1, 0).add_(tensor([.. labels.Select(label => 6f * (label % 2))]));
        features.select(1, 1).add_(tensor([.. labels.Select(label => 6f * (label / 2))]));
        return new ClassificationData(features, tensor(labels));
    }

    private static (TrainingResult Result, Mlp Model) Train(TrainingOptions options, ClassificationData? evaluation = null)
    {
        var model = new Mlp(64, [48], 4, seed: 1);
        using var data = Corners();
        return (new ClassifierTraining(model, model.ParameterGroups, options).Run(data, evaluation), model);
    }

    [TestMethod]
    [DynamicData(nameof(FusedStepTests.AllOptimizers), typeof(FusedStepTests))]
    public void EveryOptimizerLearns(OptimizerSettings optimizer)
    {
        using var evaluation = Corners();
        var (result, model) = Train(new TrainingOptions { Optimizer = optimizer, BatchSize = 32, MaxSteps = 60 }, evaluation);
        using var _ = model;
        Assert.AreEqual(60, result.Steps);
        Assert.IsGreaterThan(0.97, result.Evaluation!.Value.Accuracy);
        Assert.IsFalse(model.training);
    }

    public static IEnumerable<object[]> OptimizersWithMorePasses =>
        [[new AdaHessianOptions()], [new MarsOptions { Exact = true }], [new SophiaGOptions { CurvatureInterval = 1 }]];

    [TestMethod]
    [DynamicData(nameof(OptimizersWithMorePasses))]
    public void MorePassesOfAStepLeaveNormalisationsAsTheyAre(OptimizerSettings optimizer)
    {
        using var norm = nn.BatchNorm1d(8);
        using var model = nn.Sequential(nn.Linear(64, 8), norm, nn.Dropout(0.2), nn.ReLU(), nn.Linear(8, 4));
        using var data = Corners();
        new ClassifierTraining(model, () => ParameterGroups.For(model), new TrainingOptions { Optimizer = optimizer, BatchSize = 32, MaxSteps = 5 }).Run(data);
        Assert.AreEqual(5, norm.named_buffers().Single(named => named.name == "num_batches_tracked").buffer.ToInt64());
    }

    [TestMethod]
    public void EqualSeedsGiveEqualRuns()
    {
        double[] Losses(int seed)
        {
            var losses = new List<double>();
            var (_, model) = Train(new TrainingOptions { MaxSteps = 20, Seed = seed, Progress = new Collector(losses) });
            model.Dispose();
            return [.. losses];
        }
        CollectionAssert.AreEqual(Losses(4), Losses(4));
        CollectionAssert.AreNotEqual(Losses(4), Losses(5));
    }

    [TestMethod]
    public void EpochsAndStepsBothLimitTheRun()
    {
        long Steps(int? epochs, long? steps)
        {
            var (result, model) = Train(new TrainingOptions { BatchSize = 100, Epochs = epochs, MaxSteps = steps });
            model.Dispose();
            return result.Steps;
        }
        Assert.AreEqual(10, Steps(2, null));
        Assert.AreEqual(7, Steps(2, 7));
        Assert.AreEqual(10, Steps(2, 70));
        Assert.AreEqual(50, Steps(null, null));
    }

    [TestMethod]
    public void EvaluationsComeAtTheirIntervalAndAtTheEnd()
    {
        using var evaluation = Corners();
        var steps = new List<long>();
        var progress = new Collector(p => { if (p.Evaluation is not null) steps.Add(p.Step); });
        Train(new TrainingOptions { MaxSteps = 25, EvaluationInterval = 10, Progress = progress }, evaluation).Model.Dispose();
        CollectionAssert.AreEqual(new long[] { 10, 20, 25 }, steps);
    }

    [TestMethod]
    public void CancellationKeepsWhatWasTrained()
    {
        using var cancellation = new CancellationTokenSource();
        var progress = new Collector(p => { if (p.Step == 5) cancellation.Cancel(); });
        var (result, model) = Train(new TrainingOptions { MaxSteps = 100, Progress = progress, CancellationToken = cancellation.Token });
        using var _ = model;
        Assert.IsTrue(result.Cancelled);
        Assert.AreEqual(5, result.Steps);
        Assert.IsFalse(model.training);
    }

    [TestMethod]
    public void DivergenceNamesTheStep()
    {
        var error = Assert.ThrowsExactly<TrainingDivergedException>(
            () => Train(new TrainingOptions { Optimizer = new SignumOptions { LearningRate = 1e38 }, MaxSteps = 50 }));
        Assert.IsGreaterThan(1, error.Step);
        Assert.IsFalse(double.IsFinite(error.Loss));
        StringAssert.Contains(error.Message, $"step {error.Step}");
    }

    [TestMethod]
    public void DivergenceInTheLastStepIsFoundWithoutAnEvaluation()
        => Assert.AreEqual(1, Assert.ThrowsExactly<TrainingDivergedException>(
            () => Train(new TrainingOptions { Optimizer = new SignumOptions { LearningRate = double.MaxValue }, MaxSteps = 1 })).Step);

    [TestMethod]
    public void ParametersThatAreNoLongerFiniteAreNotReportedAsTheLoss()
    {
        var error = Assert.ThrowsExactly<TrainingDivergedException>(
            () => Train(new TrainingOptions { Optimizer = new SignumOptions { LearningRate = double.MaxValue }, MaxSteps = 1 }));
        Assert.IsTrue(double.IsFinite(error.Loss));
        StringAssert.Contains(error.Message, "the parameters' norm is not finite");
    }

    [TestMethod]
    public void NumbersInMessagesDoNotDependOnTheCulture()
    {
        var before = CultureInfo.CurrentCulture;
        var german = (CultureInfo)CultureInfo.InvariantCulture.Clone(); // Systems without ICU have no culture de-DE.
        german.NumberFormat.NumberDecimalSeparator = ",";
        CultureInfo.CurrentCulture = german;
        try
        {
            StringAssert.Contains(
                TrainingDivergedException.OfNorm(3, 1.5, "gradient norm").Message, "the gradient norm is not finite (the loss was 1.5) at step 3");
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [TestMethod]
    public void AFailedRunLeavesTheModelInEvaluationModeWithoutGradients()
    {
        using var model = new Mlp(64, [48], 4, seed: 1);
        using var data = Corners();
        var crash = new Collector(_ => throw new InvalidOperationException("as if the caller failed"));
        var options = new TrainingOptions { MaxSteps = 5, Progress = crash };
        Assert.ThrowsExactly<InvalidOperationException>(() => new ClassifierTraining(model, model.ParameterGroups, options).Run(data));
        Assert.IsFalse(model.training);
        Assert.IsTrue(model.parameters().All(parameter => parameter.grad is null || parameter.grad.count_nonzero().ToInt64() == 0));
    }

    [TestMethod]
    public void AnEvaluationIsCancelledOnTheWay()
    {
        using var cancellation = new CancellationTokenSource();
        using var data = Corners();
        using var evaluation = Corners(rows: 30_000);
        using var inner = new Mlp(64, [48], 4, seed: 1);
        using var model = new Watched(inner, cancellation.Cancel);

        var options = new TrainingOptions { MaxSteps = 1, CancellationToken = cancellation.Token };
        var result = new ClassifierTraining(model, inner.ParameterGroups, options).Run(data, evaluation);

        Assert.AreEqual(1, model.Evaluations, "Of four passes of 8,192 rows.");
        Assert.AreEqual((1L, true, null), (result.Steps, result.Cancelled, result.Evaluation));
    }

    [TestMethod]
    public void SmallStepsStayOnTheirThreadAndLargeOnesDoNotAndTheThreadsAreAsBefore()
    {
        var threads = get_num_threads();
        try
        {
            set_num_threads(2);
            using var data = Corners(rows: 8192);
            using var model = new Mlp(64, [48], 4, seed: 1); // 3,300 parameters.
            foreach (var (batch, expected) in new[] { (64, 1), (8192, 2) })
            {
                var during = 0;
                var progress = new Collector(_ => during = get_num_threads());
                new ClassifierTraining(model, model.ParameterGroups, new TrainingOptions { BatchSize = batch, MaxSteps = 1, Progress = progress }).Run(data);
                Assert.AreEqual((expected, 2), (during, get_num_threads()));
            }
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [TestMethod]
    public void LabelsThatAreNoClassesAreRefused()
    {
        var negative = Assert.ThrowsExactly<ArgumentException>(() => new ClassificationData(zeros(2, 64), tensor(new long[] { 1, -100 })));
        StringAssert.Contains(negative.Message, "-100");
        using var data = new ClassificationData(zeros(64, 64), full([64], 4, ScalarType.Int64));
        using var model = new Mlp(64, [48], 4, seed: 1);
        var training = new ClassifierTraining(model, model.ParameterGroups, new TrainingOptions { MaxSteps = 1 });
        foreach (var run in new Action[] { () => training.Run(data), () => ClassifierEvaluation.Of(model, data) })
        {
            var high = Assert.ThrowsExactly<ArgumentException>(run);
            StringAssert.Contains(high.Message, "label 4");
            StringAssert.Contains(high.Message, "4 classes");
        }
        Assert.Throws<ArgumentNullException>(() => training.Run(null!));
        Assert.Throws<ArgumentNullException>(() => new ClassificationData(null!, null!));
        Assert.Throws<ArgumentNullException>(() => new ClassifierTraining(null!, model.ParameterGroups, new TrainingOptions()));
        Assert.Throws<ArgumentNullException>(() => ClassifierEvaluation.Of(model, null!));
    }

    [TestMethod]
    public void AnEvaluationOnTheWayThatIsNotFiniteIsReportedAndOnlyTheLastOneFails()
    {
        using var evaluation = Corners();
        evaluation.Batch(0, 1).Features.fill_(float.NaN);
        var losses = new List<double>();
        var progress = new Collector(p => { if (p.Evaluation is { } found) losses.Add(found.Loss); });
        var error = Assert.ThrowsExactly<TrainingDivergedException>(
            () => Train(new TrainingOptions { MaxSteps = 5, EvaluationInterval = 2, Progress = progress }, evaluation));
        Assert.AreEqual(5, error.Step);
        CollectionAssert.AreEqual(new[] { double.NaN, double.NaN }, losses);
    }

    public static IEnumerable<object[]> InvalidOptions =>
    [
        [new TrainingOptions { BatchSize = 0 }, "BatchSize"],
        [new TrainingOptions { BatchSize = 513 }, "512 rows"],
        [new TrainingOptions { MaxSteps = 0 }, "MaxSteps"],
        [new TrainingOptions { Epochs = -1 }, "Epochs"],
        [new TrainingOptions { EvaluationInterval = -1 }, "EvaluationInterval"],
        [new TrainingOptions { Device = "tpu" }, "tpu"],
        [new TrainingOptions { Device = "cuda:99" }, "Device is 'cuda:99', but torch finds"],
        [new TrainingOptions { Device = "cuda: 1" }, "Device is 'cuda: 1'; expected"],
        [new TrainingOptions { MaxSteps = 10, Schedule = new CosineSchedule { WarmupSteps = 20 } }, "WarmupSteps"],
    ];

    [TestMethod]
    [DynamicData(nameof(InvalidOptions))]
    public void AnInvalidOptionIsNamed(TrainingOptions options, string named)
    {
        try
        {
            Train(options);
        }
        catch (ArgumentException error)
        {
            StringAssert.Contains(error.Message, named);
            return;
        }
        Assert.Fail($"expected an error about {named}");
    }

    [TestMethod]
    public void MemoryStaysFlatOverThousandsOfSteps()
    {
        // A batch takes 16 KiB: one tensor lost per step would show as 40 MiB. The first steps fill the garbage collector's own budget.
        long early = 0, late = 0;
        var progress = new Collector(p =>
        {
            if (p.Step == 2500) early = ResidentBytes();
            if (p.Step == 5000) late = ResidentBytes();
        });
        Train(new TrainingOptions { BatchSize = 64, MaxSteps = 5000, Progress = progress }).Model.Dispose();
        Assert.IsLessThan(16L << 20, late - early);
    }

    private static long ResidentBytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }

    /// <summary>Reports at once, where <see cref="Progress{T}"/> would do so later.</summary>
    private sealed class Collector(Action<TrainingProgress> action) : IProgress<TrainingProgress>
    {
        public Collector(List<double> losses) : this(p => losses.Add(p.Loss))
        {
        }

        public void Report(TrainingProgress value) => action(value);
    }

    /// <summary>A network that tells of its passes in evaluation.</summary>
    private sealed class Watched : nn.Module<Tensor, Tensor>
    {
        private readonly Mlp inner;
        private readonly Action evaluated;

        public Watched(Mlp inner, Action evaluated) : base(nameof(Watched))
        {
            (this.inner, this.evaluated) = (inner, evaluated);
            RegisterComponents();
        }

        public int Evaluations { get; private set; }

        public override Tensor forward(Tensor input)
        {
            if (!training)
            {
                Evaluations++;
                evaluated();
            }
            return inner.call(input);
        }
    }
}
