namespace Focus.Torch.Tests.Training.Gpt2Runs;

[TestClass]
public sealed class CheckpointTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private Gpt2TrainingOptions Options => TinyRun.Options with { CheckpointFolder = folder.Path, CheckpointInterval = 2, MaxSteps = 7 };

    public void Dispose() => folder.Dispose();

    [TestMethod]
    public void TheNewestFewAndTheBestAreKept()
    {
        using var validation = TinyRun.Tokens(500, seed: 2);
        TinyRun.Train(Options with { CheckpointsKept = 3, EvaluationInterval = 3 }, validation: validation).Model.Dispose();
        CollectionAssert.AreEqual(
            new[] { "best.safetensors", "step-000000004.safetensors", "step-000000006.safetensors", "step-000000007.safetensors" },
            folder.FileNames.ToArray());
        Assert.AreEqual(folder.File("step-000000007.safetensors"), Gpt2Checkpoint.Newest(folder.Path));
    }

    [TestMethod]
    public void TheBestIsTheOneWithTheLowestValidationLoss()
    {
        // With steps this long, the loss rises after the first evaluation.
        using var validation = TinyRun.Tokens(500, seed: 2);
        var options = Options with { Optimizer = new SignumOptions { LearningRate = 1 }, EvaluationInterval = 1, MaxSteps = 6 };
        var (result, steps) = TinyRun.Watch(options, validation: validation);
        var best = steps.MinBy(step => step.Evaluation!.ValidationLoss)!;
        Assert.AreEqual(best.Evaluation!.ValidationLoss, result.BestValidationLoss);
        using var stream = File.OpenRead(folder.File(Gpt2Checkpoint.BestName));
        Assert.AreEqual(best.Step, CheckpointFile.Parse(new SafetensorsReader(stream).Header.Metadata).State.Step);
    }

    [TestMethod]
    public void TheModelOfACheckpointIsTheOneTrained()
    {
        var (_, trained) = TinyRun.Train(Options, TinyRun.Config with { Bias = true, TiedHead = false });
        using var _ = trained;
        using var loaded = Gpt2Checkpoint.LoadModel(Gpt2Checkpoint.Newest(folder.Path)!);
        Assert.AreEqual(trained.Config, loaded.Config);
        CollectionAssert.AreEqual(TinyRun.Bits(trained), TinyRun.Bits(loaded));
        Assert.IsFalse(loaded.training);
    }

    [TestMethod]
    public void DivergenceLeavesTheLastCheckpointAsItWas()
    {
        // The rate rises until the weights overflow.
        var options = Options with
        {
            Optimizer = new SignumOptions { LearningRate = 1e36 },
            Schedule = new RisingSchedule(),
            CheckpointInterval = 1,
            MaxSteps = 40,
        };
        var error = Assert.ThrowsExactly<TrainingDivergedException>(() => TinyRun.Train(options));
        Assert.IsGreaterThan(2, error.Step);
        var checkpoint = Safetensors.Load(Gpt2Checkpoint.Newest(folder.Path)!);
        Assert.IsTrue(double.IsFinite(GlobalNorm.Of(checkpoint.Tensors.Values)));
    }

    private sealed record RisingSchedule : LearningRateSchedule
    {
        public override double Factor(long step, long totalSteps) => Math.Pow(10, step - 38);
    }

    public static IEnumerable<object[]> OtherRuns =>
    [
        [TinyRun.Options with { Optimizer = new SignumOptions() }, TinyRun.Config, "Optimizer", "SignumOptions", "AdamWOptions"],
        [TinyRun.Options with { Optimizer = new AdamWOptions { LearningRate = 0.02 } }, TinyRun.Config, "Optimizer", "0.02", "0.01"],
        [TinyRun.Options, TinyRun.Config with { Layers = 3 }, "Model", "\"Layers\":3", "\"Layers\":2"],
        [TinyRun.Options with { Precision = TrainingPrecision.Float16 }, TinyRun.Config, "Precision", "Float16", "Float32"],
        [TinyRun.Options with { BatchSize = 5 }, TinyRun.Config, "BatchSize", "5", "4"],
        [TinyRun.Options with { Seed = 9 }, TinyRun.Config, "Seed", "9", "0"],
        [TinyRun.Options with { ClipNorm = null }, TinyRun.Config, "ClipNorm", "none", "1"],
        [TinyRun.Options with { Schedule = new LinearSchedule() }, TinyRun.Config, "Schedule", "LinearSchedule", "ConstantSchedule"],
    ];

    [TestMethod]
    [DynamicData(nameof(OtherRuns))]
    public void ACheckpointOfAnotherRunIsRefused(
        Gpt2TrainingOptions other, Gpt2Config config, string setting, string expected, string found)
    {
        TinyRun.Train(Options).Model.Dispose();
        var options = other with { CheckpointFolder = folder.Path, Resume = true };
        var error = Assert.ThrowsExactly<ArgumentException>(() => TinyRun.Train(options, config));
        var newest = folder.File("step-000000007.safetensors");
        foreach (var part in new[] { newest, $"{setting} expected", expected, found, "CheckpointFolder" })
            StringAssert.Contains(error.Message, part);
    }

    [TestMethod]
    public void ANewRunDoesNotOverwriteAnother()
    {
        TinyRun.Train(Options).Model.Dispose();
        var error = Assert.ThrowsExactly<ArgumentException>(() => TinyRun.Train(Options));
        StringAssert.Contains(error.Message, folder.File("step-000000007.safetensors"));
        StringAssert.Contains(error.Message, "Resume");
    }

    [TestMethod]
    public void ACheckpointBeyondTheRunIsRefused()
    {
        TinyRun.Train(Options).Model.Dispose();
        var error = Assert.ThrowsExactly<ArgumentException>(() => TinyRun.Train(Options with { Resume = true, MaxSteps = 5 }));
        StringAssert.Contains(error.Message, "step 7");
        StringAssert.Contains(error.Message, "MaxSteps is 5");
    }

    [TestMethod]
    public void ACheckpointCutShortIsNamedWithTheOneBeforeIt()
    {
        TinyRun.Train(Options).Model.Dispose();
        var (newest, previous) = (folder.File("step-000000007.safetensors"), folder.File("step-000000006.safetensors"));
        using (var stream = File.OpenWrite(newest)) stream.SetLength(stream.Length - 1);
        var error = Assert.ThrowsExactly<InvalidDataException>(() => TinyRun.Train(Options with { Resume = true }));
        foreach (var part in new[] { newest, previous, "cut short", "delete it" }) StringAssert.Contains(error.Message, part);
        File.Delete(newest);
        var (result, steps) = TinyRun.Watch(Options with { Resume = true });
        Assert.AreEqual((7L, 7L), (result.Steps, steps.Single().Step));
    }

    [TestMethod]
    public void TheBestStandsInWhereThereIsNoOther()
    {
        using var validation = TinyRun.Tokens(500, seed: 2);
        TinyRun.Train(Options with { MaxSteps = 3 }, validation: validation).Model.Dispose();
        File.Delete(folder.File("step-000000003.safetensors"));
        File.Delete(folder.File("step-000000002.safetensors"));
        Assert.AreEqual(folder.File("best.safetensors"), Gpt2Checkpoint.Newest(folder.Path));
        Assert.ThrowsExactly<ArgumentException>(() => TinyRun.Train(Options));
        var (_, steps) = TinyRun.Watch(Options with { MaxSteps = 5, Resume = true });
        Assert.AreEqual(4, steps[0].Step);
    }

    [TestMethod]
    public void AFileThatIsNoCheckpointIsNamed()
    {
        using var tensor = TorchSharp.torch.ones(2);
        Safetensors.Save(folder.File("step-000000003.safetensors"), [new("x", tensor)]);
        var error = Assert.ThrowsExactly<InvalidDataException>(() => TinyRun.Train(Options with { Resume = true }));
        StringAssert.Contains(error.Message, "step-000000003.safetensors");
        StringAssert.Contains(error.Message, "format");
    }

    [TestMethod]
    public void TensorsThatDoNotFitAreNamed()
    {
        TinyRun.Train(Options).Model.Dispose();
        var newest = Gpt2Checkpoint.Newest(folder.Path)!;
        var content = Safetensors.Load(newest);
        content.Tensors["optimizer.transformer.wpe.weight.0"] = TorchSharp.torch.ones(2);
        Safetensors.Save(newest, content.Tensors, content.Metadata);
        var error = Assert.ThrowsExactly<InvalidDataException>(() => TinyRun.Train(Options with { Resume = true }));
        foreach (var part in new[] { "optimizer.transformer.wpe.weight.0", "[8, 16]", "[2]" }) StringAssert.Contains(error.Message, part);
    }
}
