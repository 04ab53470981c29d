using System.Text.Json;
using static TorchSharp.torch;

namespace Focus.Tests;

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
        string? newest = null;
        byte[] before = [];
        using var tokens = TinyRun.Tokens();
        using var train = new TinyRun.WatchedTokens(tokens, () => // Which a step reads before it does anything else.
        {
            newest = Gpt2Checkpoint.Newest(folder.Path);
            if (newest is not null) before = File.ReadAllBytes(newest);
        });
        var error = Assert.ThrowsExactly<TrainingDivergedException>(() => TinyRun.Train(options, train: train));
        Assert.IsGreaterThan(2, error.Step);
        Assert.AreEqual(folder.File($"step-{error.Step - 1:D9}.safetensors"), newest);
        Assert.AreEqual(newest, Gpt2Checkpoint.Newest(folder.Path));
        CollectionAssert.AreEqual(before, File.ReadAllBytes(newest!));
        Assert.IsTrue(double.IsFinite(GlobalNorm.Of(Safetensors.Load(newest!).Tensors.Values)));
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
        foreach (var part in new[] { newest, $"its {setting} is", expected, found, "another folder" })
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
    public void WhatAKilledWriteLeftIsDeletedOnceARunIsAccepted()
    {
        TinyRun.Train(Options).Model.Dispose();
        var names = folder.FileNames.ToArray();
        foreach (var name in new[] { "step-000000008.safetensors.ab12cd34.ef5.tmp", "best.safetensors.ab12cd34.ef5.tmp", "other.txt.1.tmp" })
            File.WriteAllText(folder.File(name), "half a checkp");
        Assert.ThrowsExactly<ArgumentException>(() => TinyRun.Train(Options));
        Assert.HasCount(names.Length + 3, folder.FileNames);
        TinyRun.Train(Options with { Resume = true }).Model.Dispose();
        CollectionAssert.AreEquivalent((string[])[.. names, "other.txt.1.tmp"], folder.FileNames.ToArray());
    }

    [TestMethod]
    public void ARefusedRunKeepsNothing()
    {
        TinyRun.Train(Options).Model.Dispose();
        using var model = new Gpt2(TinyRun.Config);
        using var tokens = TinyRun.Tokens();
        // TorchSharp goes on counting each tensor that became a parameter, so what is compared is the growth that copies of the model bring.
        var growth = Growth(precision => new WorkingModel(model, precision).Dispose());
        Assert.AreEqual(growth, Growth(precision =>
            Assert.ThrowsExactly<ArgumentException>(() => new Gpt2Training(model, Options with { Precision = precision }).Run(tokens))));

        static long Growth(Action<TrainingPrecision> action)
        {
            var before = LiveTensors();
            foreach (var precision in Enum.GetValues<TrainingPrecision>()) action(precision);
            return LiveTensors() - before;
        }

        static long LiveTensors()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return Tensor.TotalCount;
        }
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
        using var tensor = ones(2);
        Safetensors.Save(folder.File("step-000000003.safetensors"), [new("x", tensor)]);
        var error = Assert.ThrowsExactly<InvalidDataException>(() => TinyRun.Train(Options with { Resume = true }));
        StringAssert.Contains(error.Message, "step-000000003.safetensors");
        StringAssert.Contains(error.Message, "format");
    }

    public static IEnumerable<object[]> DamagedModels =>
    [
        Damaged(content => Configure(content, "\"Width\":16", "\"Width\":15"), "c_attn.weight", "[45, 15]"),
        Damaged(content => Configure(content, "\"Width\":16", "\"Width\":100000000"), "c_attn.weight", "[300000000, 100000000]"),
        Damaged(content => Configure(content, "\"Width\":16", "\"Width\":2000000000"), "configuration is invalid", "2000000000"),
        Damaged(content => Configure(content, "\"Layers\":2", "\"Layers\":2000000000"), "2000000000 layers", "15 tensors"),
        Damaged(content => Configure(content, "\"Layers\":2", "\"Layers\":-2"), "configuration is invalid", "Layers"),
        Damaged(content => Configure(content, "\"Heads\":1", "\"Heads\":3"), "configuration is invalid", "Heads is 3"),
        Damaged(content => content.Metadata["settings"] = "{\"Model\":null}", "'Model'", "cannot be read"),
        Damaged(content => content.Metadata["settings"] = "{}", "'Model'", "cannot be read"),
        Damaged(content => content.Metadata.Remove("state"), "'state'", "cannot be read"),
        Damaged(content => content.Tensors.Remove("transformer.ln_f.weight"), "'transformer.ln_f.weight'", "missing"),
        Damaged(content => content.Tensors["transformer.ln_f.weight"] = ones(15), "'transformer.ln_f.weight'", "[15]"),
        Damaged(content => content.Tensors["lm_head.weight"] = ones(11, 16), "'lm_head.weight'", "differs"),
    ];

    private static object[] Damaged(Action<Content> damage, string what, string found) => [damage, what, found];

    [TestMethod]
    [DynamicData(nameof(DamagedModels))]
    public void AModelOfADamagedCheckpointIsRefusedBeforeItIsMade(Action<Content> damage, string what, string found)
    {
        TinyRun.Train(Options).Model.Dispose();
        var newest = Gpt2Checkpoint.Newest(folder.Path)!;
        var (tensors, metadata) = Safetensors.Load(newest);
        var content = new Content(tensors, metadata.ToDictionary());
        damage(content);
        Safetensors.Save(newest, content.Tensors, content.Metadata);
        var error = Assert.ThrowsExactly<InvalidDataException>(() => Gpt2Checkpoint.LoadModel(newest));
        foreach (var part in new[] { newest, what, found }) StringAssert.Contains(error.Message, part);
    }

    private static void Configure(Content content, string setting, string changed)
    {
        var settings = JsonSerializer.Deserialize<Dictionary<string, string>>(content.Metadata["settings"])!;
        StringAssert.Contains(settings["Model"], setting);
        settings["Model"] = settings["Model"].Replace(setting, changed);
        content.Metadata["settings"] = JsonSerializer.Serialize(settings);
    }

    public sealed record Content(Dictionary<string, Tensor> Tensors, Dictionary<string, string> Metadata);

    [TestMethod]
    public void TensorsThatDoNotFitAreNamed()
    {
        TinyRun.Train(Options).Model.Dispose();
        var newest = Gpt2Checkpoint.Newest(folder.Path)!;
        var content = Safetensors.Load(newest);
        content.Tensors["optimizer.transformer.wpe.weight.0"] = ones(2);
        Safetensors.Save(newest, content.Tensors, content.Metadata);
        var error = Assert.ThrowsExactly<InvalidDataException>(() => TinyRun.Train(Options with { Resume = true }));
        foreach (var part in new[] { "optimizer.transformer.wpe.weight.0", "[8, 16]", "[2]" }) StringAssert.Contains(error.Message, part);
    }
}
