namespace Focus.Tests;

[TestClass]
public class Gpt2TrainingFaultTests
{
    public static IEnumerable<object[]> InvalidOptions =>
    [
        [TinyRun.Options with { BatchSize = 0 }, "BatchSize"],
        [TinyRun.Options with { AccumulationSteps = 0 }, "AccumulationSteps"],
        [TinyRun.Options with { MaxSteps = 0 }, "MaxSteps"],
        [TinyRun.Options with { ClipNorm = 0 }, "ClipNorm"],
        [TinyRun.Options with { ClipNorm = double.NaN }, "ClipNorm"],
        [TinyRun.Options with { PeakFlops = -1 }, "PeakFlops"],
        [TinyRun.Options with { Precision = (TrainingPrecision)7 }, "Precision"],
        [TinyRun.Options with { EvaluationInterval = -1 }, "EvaluationInterval"],
        [TinyRun.Options with { EvaluationBatches = 0 }, "EvaluationBatches"],
        [TinyRun.Options with { CheckpointInterval = -1 }, "CheckpointInterval"],
        [TinyRun.Options with { CheckpointsKept = 0 }, "CheckpointsKept"],
        [TinyRun.Options with { Resume = true }, "CheckpointFolder"],
        [TinyRun.Options with { Device = "tpu" }, "tpu"],
        [TinyRun.Options with { Optimizer = new FocusOptions { Beta1 = 2 } }, "Beta1"],
        [TinyRun.Options with { Schedule = new CosineSchedule { WarmupSteps = 21 } }, "WarmupSteps"],
        [TinyRun.Options with { Optimizer = new ScheduleFreeAdamWOptions(), Schedule = new CosineSchedule() }, "ConstantSchedule"],
        [TinyRun.Options with { Optimizer = new AdaHessianOptions(), Precision = TrainingPrecision.BFloat16 }, "Float32"],
    ];

    [TestMethod]
    [DynamicData(nameof(InvalidOptions))]
    public void AnInvalidOptionIsNamedBeforeTheRun(Gpt2TrainingOptions options, string named)
    {
        using var model = new Gpt2(TinyRun.Config);
        try
        {
            _ = new Gpt2Training(model, options);
        }
        catch (ArgumentException error)
        {
            StringAssert.Contains(error.Message, named);
            return;
        }
        Assert.Fail($"expected an error about {named}");
    }

    [TestMethod]
    [DataRow(1L)]
    [DataRow(49L)]
    [DataRow(100_000L)]
    public void TheDefaultsAreValidForEveryLength(long steps) => new Gpt2TrainingOptions { MaxSteps = steps }.Validate();

    [TestMethod]
    public void ACorpusShorterThanABlockIsRefusedWhicheverItIs()
    {
        using var model = new Gpt2(TinyRun.Config);
        using TokenBuffer tokens = TinyRun.Tokens(), few = TinyRun.Tokens(8), enough = TinyRun.Tokens(9);
        var training = new Gpt2Training(model, TinyRun.Options with { MaxSteps = 1 });
        foreach (var run in new Action[] { () => training.Run(few), () => training.Run(tokens, few) })
        {
            var error = Assert.ThrowsExactly<ArgumentException>(run);
            StringAssert.Contains(error.Message, "tiny.bin holds 8 tokens");
            StringAssert.Contains(error.Message, "at least 9");
        }
        Assert.AreEqual(1, training.Run(enough, enough).Steps);
    }

    [TestMethod]
    public void ABatchOfMoreTokensThanAnArrayHoldsIsRefused()
    {
        using var model = new Gpt2(TinyRun.Config with { BlockSize = 1024 });
        using var tokens = TinyRun.Tokens();
        var training = new Gpt2Training(model, TinyRun.Options with { BatchSize = 4_194_305 });
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => training.Run(tokens));
        StringAssert.Contains(error.Message, "BatchSize is 4194305; valid is 1 to 2097151");
    }

    [TestMethod]
    public void ATokenBeyondTheVocabularyIsNamedWithItsPlace()
    {
        using var model = new Gpt2(TinyRun.Config);
        using var tokens = new TokenBuffer("odd.bin");
        tokens.Append([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        var error = Assert.ThrowsExactly<InvalidDataException>(() => new Gpt2Training(model, TinyRun.Options).Run(tokens));
        foreach (var part in new[] { "odd.bin", "index 10 is 11", "0 to 10" }) StringAssert.Contains(error.Message, part);
    }
}
