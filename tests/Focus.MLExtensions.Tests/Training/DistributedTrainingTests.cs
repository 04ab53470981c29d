namespace Focus.Tests;

/// <summary>A run of several ranks is the run of one with as large a batch in all.</summary>
[TestClass]
public class DistributedTrainingTests
{
    private const int Batch = 6;

    private static readonly Gpt2TrainingOptions Options = TinyRun.Options with
    {
        Optimizer = new FocusOptions { LearningRate = 2e-3, Beta2 = 0.99, Gamma = 0.2, WeightDecay = 0.2 },
        AccumulationSteps = 2, ClipNorm = 0.5, EvaluationInterval = 10, BatchSize = Batch, MaxSteps = 20,
    };

    [TestMethod]
    [DataRow(2, TrainingPrecision.Float32)]
    [DataRow(3, TrainingPrecision.Float32)]
    [DataRow(2, TrainingPrecision.Float16)]
    public void RanksTakeTheStepsOfOneProcessWithTheWholeBatch(int size, TrainingPrecision precision)
    {
        var options = Options with { Precision = precision };
        var alone = Run(1, options)[0];
        var together = Run(size, options with { BatchSize = Batch / size });
        foreach (var rank in together) CollectionAssert.AreEqual(together[0].Bits, rank.Bits);
        Assert.HasCount(20, together[0].Steps);
        Assert.IsEmpty(together[1].Steps); // Reports are rank 0's.
        var tolerance = precision == TrainingPrecision.Float32 ? 1e-5 : 2e-2;
        foreach (var (one, all) in alone.Steps.Zip(together[0].Steps))
        {
            Assert.AreEqual(one.Loss, all.Loss, tolerance);
            Assert.AreEqual(one.Evaluation?.TrainLoss ?? 0, all.Evaluation?.TrainLoss ?? 0, tolerance);
            Assert.AreEqual(one.Evaluation?.ValidationLoss ?? 0, all.Evaluation?.ValidationLoss ?? 0, tolerance);
        }
    }

    public static IEnumerable<object[]> Estimating =>
    [
        [new AdaHessianOptions()], [new MarsOptions()], [new ScheduleFreeAdamWOptions()], [new MuonOptions()], [new Adam8BitOptions()],
    ];

    [TestMethod]
    [DynamicData(nameof(Estimating))]
    public void RanksStayEqualAndResumeWithEveryKindOfOptimizer(OptimizerSettings optimizer)
    {
        using var folder = new TemporaryFolder();
        var options = Options with { Optimizer = optimizer, MaxSteps = 6, BatchSize = 3, EvaluationInterval = 0 };
        var straight = Run(2, options);
        CollectionAssert.AreEqual(straight[0].Bits, straight[1].Bits);
        var kept = options with { CheckpointFolder = folder.Path, Resume = true };
        Run(2, kept with { MaxSteps = 3 });
        CollectionAssert.AreEqual(straight[0].Bits, Run(2, kept)[1].Bits);
    }

    /// <summary>Ranks that are threads share the generator that labels are drawn from, so no two runs are alike.</summary>
    [TestMethod]
    public void RanksThatDrawLabelsStayEqual()
    {
        var ranks = Run(2, Options with { Optimizer = new SophiaGOptions { CurvatureInterval = 2 }, BatchSize = 3, MaxSteps = 6 });
        CollectionAssert.AreEqual(ranks[0].Bits, ranks[1].Bits);
    }

    [TestMethod]
    public void AnyNumberOfRanksResumesARunWithTheSameBatch()
    {
        using var folder = new TemporaryFolder();
        var options = Options with { CheckpointFolder = folder.Path, Resume = true, MetricsFile = folder.File("metrics.jsonl") };
        Run(2, options with { MaxSteps = 8, BatchSize = Batch / 2 });
        Run(3, options with { MaxSteps = 14, BatchSize = Batch / 3 });
        var end = Run(1, options)[0];

        Assert.HasCount(6, end.Steps);
        Assert.HasCount(20, File.ReadAllLines(folder.File("metrics.jsonl")));
        Assert.AreEqual(Run(1, Options)[0].Steps[^1].Loss, end.Steps[^1].Loss, 1e-4);
        Assert.ThrowsExactly<ArgumentException>(() => Run(2, options with { MaxSteps = 30 })); // A batch twice as large.
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    public void ACancellationOfOneRankStopsAllAfterTheSameStep(int rank)
    {
        var results = ThreadJob.Run(2, communicator =>
        {
            using var cancellation = new CancellationTokenSource();
            var reads = 0;
            using var tokens = TinyRun.Tokens();
            // A step reads 2 × 3 blocks after the 64 tokens of the joint check.
            using var watched = new TinyRun.WatchedTokens(tokens, () =>
            {
                if (communicator.Rank == rank && ++reads == 64 + 4 * 6 + 1) cancellation.Cancel();
            });
            using var model = new Gpt2(TinyRun.Config, seed: 3);
            var options = Options with { BatchSize = 3, Distributed = communicator, CancellationToken = cancellation.Token };
            return (new Gpt2Training(model, options).Run(watched), Sum(TinyRun.Bits(model)));
        });
        Assert.AreEqual(results[0].Item2, results[1].Item2);
        foreach (var (result, _) in results) Assert.AreEqual((4L, true), (result.Steps, result.Cancelled));
    }

    [TestMethod]
    public void AnErrorOnOneRankEndsTheRunOnAll()
    {
        var failures = ThreadJob.Failures(2, communicator =>
        {
            var reads = 0;
            using var tokens = TinyRun.Tokens();
            using var failing = new TinyRun.WatchedTokens(tokens, () =>
            {
                if (communicator.Rank == 1 && ++reads > 100) throw new IOException("the disk is gone");
            });
            using var model = new Gpt2(TinyRun.Config, seed: 3);
            new Gpt2Training(model, Options with { Distributed = communicator }).Run(failing);
        });
        Assert.IsInstanceOfType<IOException>(failures[1]);
        StringAssert.Contains(Assert.IsInstanceOfType<RankFailedException>(failures[0]).Message, "the disk is gone");
    }

    [TestMethod]
    [DataRow("MaxSteps")]
    [DataRow("Training data")]
    public void OtherSettingsOrDataOnOneRankAreNamed(string what)
    {
        var failures = ThreadJob.Failures(2, communicator =>
        {
            var isOther = communicator.Rank == 1;
            using var tokens = TinyRun.Tokens(seed: isOther && what != "MaxSteps" ? 5 : 1);
            using var model = new Gpt2(TinyRun.Config, seed: 3);
            new Gpt2Training(model, Options with { Distributed = communicator, MaxSteps = isOther && what == "MaxSteps" ? 21 : 20 }).Run(tokens);
        });
        foreach (var failure in failures) StringAssert.Contains(failure!.Message, what);
    }

    private static (List<Gpt2Progress> Steps, byte[] Bits)[] Run(int size, Gpt2TrainingOptions options) => ThreadJob.Run(size, communicator =>
    {
        var steps = new List<Gpt2Progress>();
        using var model = new Gpt2(TinyRun.Config, seed: 3 + communicator.Rank); // Other weights, which must not matter.
        using TokenBuffer train = TinyRun.Tokens(), validation = TinyRun.Tokens(500, seed: 2);
        new Gpt2Training(model, options with { Distributed = communicator, Progress = new TinyRun.Reporter(steps.Add) }).Run(train, validation);
        return (steps, TinyRun.Bits(model));
    });

    private static int Sum(byte[] bits) => bits.Sum(value => value);
}
