using Gpt2Sample;

namespace Focus.Samples.Tests;

[TestClass]
public class Gpt2SettingsTests
{
    private readonly string path = Path.GetTempFileName();

    [TestCleanup]
    public void Cleanup() => File.Delete(path);

    [TestMethod]
    [DataRow("""{ "learningRate": 1 }""", "'learningRate'")]
    [DataRow("""{ "focus": { "beta1": 0.8 } }""", "'focus'; an optimizer's section belongs in 'hyperparameters'")]
    [DataRow("""{ "hyperparameters": { "focus": { "rate": 1 } } }""", "'hyperparameters:focus:rate'; valid is beta1, beta2, gamma, ")]
    [DataRow("""{ "hyperparameters": { "muon": { "auxiliary": { "rate": 1 } } } }""", "'hyperparameters:muon:auxiliary:rate'")]
    [DataRow("""{ "hyperparameters": { "nolion": { "beta1": 1 } } }""", "'hyperparameters:nolion'; valid is focus, signum, lion, ")]
    [DataRow("""{ "steps": "many" }""", "'many' at 'Steps'")]
    [DataRow("""{ "seed": 99999999999 }""", "'99999999999' at 'Seed'")]
    [DataRow("""{ "dropout": true }""", "'True' at 'Dropout'")]
    [DataRow("""{ "bias": 1 }""", "'1' at 'Bias'")]
    [DataRow("""{ "data": null }""", "'data' is null")]
    [DataRow("""{ "optimizer": "nolion" }""", "Optimizer is nolion; valid is focus, signum, lion, ")]
    [DataRow("""{ "schedule": "x" }""", "'x' at 'Schedule'")]
    [DataRow("""{ "hyperparameters": 3 }""", "'hyperparameters' is '3'")]
    [DataRow("""{ "hyperparameters": { "focus": null } }""", "'hyperparameters:focus' is null")]
    [DataRow("""{ "hyperparameters": { "focus": 3 } }""", "'hyperparameters:focus' is '3'")]
    [DataRow("""{ "hyperparameters": { "muon": { "auxiliary": 3 } } }""", "'hyperparameters:muon:auxiliary' is '3'")]
    [DataRow("""{ "hyperparameters": { "adafactor": { "beta1": null } } }""", "'hyperparameters:adafactor:beta1' is null")]
    [DataRow("""{ "hyperparameters": { "adamW": { "beta2": "x" } } }""", "'x' at 'hyperparameters:adamW:Beta2'")]
    [DataRow("""{ "hyperparameters": { "focus": { "decayOrder": "x" } } }""", "'x' at 'hyperparameters:focus:DecayOrder'")]
    [DataRow("""{ "steps": 1, "steps": 2 }""", "'steps'")]
    [DataRow("[]", "'Array'")]
    [DataRow("{", "LineNumber: 0")]
    public void AWrongFileIsNamedWithItsFault(string content, string fault)
    {
        File.WriteAllText(path, content);
        var error = Assert.ThrowsExactly<InvalidDataException>(() => RunSettings.Open(path));
        StringAssert.StartsWith(error.Message, $"Configuration file '{path}': ");
        StringAssert.Contains(error.Message, fault);
    }

    private static IEnumerable<OptimizerSettings> WrittenOptimizers =>
    [
        new AdamWOptions { LearningRate = 1e-7 }, new AdafactorOptions { Beta1 = 0.9, RelativeStep = false }, new AdafactorOptions(),
        new FocusOptions { DecayOrder = FocusDecayOrder.BeforeSign }, new MuonOptions { Auxiliary = new() { LearningRate = 1e-7 } },
        new ApolloOptions { Rank = 3, Auxiliary = new() { Beta1 = 0.7 } }, .. Optimizers.All,
    ];

    [TestMethod]
    [DynamicData(nameof(WrittenOptimizers))]
    public void WhatIsWrittenIsReadBack(OptimizerSettings optimizer)
    {
        var settings = new RunSettings
        {
            Steps = 7, Optimizer = optimizer.Name.ToLowerInvariant(), Hyperparameters = optimizer, Data = "elsewhere", DecaySteps = 3,
            Schedule = ScheduleKind.Wsd,
        };
        settings.Write(path);
        Assert.AreEqual(settings, RunSettings.Of(RunSettings.Open(path)));
    }

    [TestMethod]
    public void LaterLayersTakePrecedence()
    {
        File.WriteAllText(path, """{ "hyperparameters": { "Adam-W": { "beta2": 0.9 } } } // a note""");
        var settings = RunSettings.Of(Preset.SettingsOf("Paper-AdamW-1e-4"), RunSettings.Open(path));
        Assert.AreEqual(new AdamWOptions { LearningRate = 1e-4, Beta1 = 0.9, Beta2 = 0.9, WeightDecay = 0.1 }, settings.Hyperparameters);
    }

    [TestMethod]
    [DataRow("focus")]
    [DataRow("Signum")]
    [DataRow("Adam-W")]
    [DataRow("schedule-free-adamw")]
    public void WhatASectionLeavesOutIsTheDefault(string name)
    {
        File.WriteAllText(path, $$"""{ "optimizer": "{{name}}", "hyperparameters": { "{{name}}": { "learningRate": 0.5 } } }""");
        OptimizerSettings expected = name switch
        {
            "focus" => new FocusOptions { Beta2 = 0.99, Gamma = 0.2, WeightDecay = 0.2 },
            "Signum" => new SignumOptions { WeightDecay = 0.2 },
            "Adam-W" => new AdamWOptions { Beta2 = 0.95, WeightDecay = 0.1 },
            _ => Optimizers.Named(name),
        };
        Assert.AreEqual(expected with { LearningRate = 0.5 }, RunSettings.Of(RunSettings.Open(path)).Hyperparameters);
    }

    [TestMethod]
    public void SectionsLeaveTheLibrarysDefaultsAsTheyAre()
    {
        File.WriteAllText(path, """{ "optimizer": "muon", "hyperparameters": { "muon": { "auxiliary": { "learningRate": 0.5 } } } }""");
        var muon = (MuonOptions)RunSettings.Of(RunSettings.Open(path)).Hyperparameters;
        Assert.AreEqual(new MuonOptions().Auxiliary with { LearningRate = 0.5 }, muon.Auxiliary);
        Assert.AreEqual(new MuonOptions(), Optimizers.Named("muon"));
    }

    [TestMethod]
    public void ARangeIsToldWithThePathOfTheSetting()
    {
        File.WriteAllText(path, """{ "optimizer": "muon", "hyperparameters": { "muon": { "auxiliary": { "beta2": 2 } } } }""");
        var fault = Assert.ThrowsExactly<ArgumentException>(RunSettings.Of(RunSettings.Open(path)).Validate);
        StringAssert.StartsWith(fault.Message, "hyperparameters:muon:Auxiliary:Beta2 is 2; valid is at least 0 and below 1.");
    }

    [TestMethod]
    [DataRow("Cosine", 0.1)]
    [DataRow("Linear", 0.1)]
    [DataRow("Constant", 1)]
    [DataRow("Wsd", 0.1)]
    [DataRow("Rex", 0.1)]
    [DataRow("InverseSquareRoot", 0.1)]
    [DataRow("Step", 0.001)]
    [DataRow("OneCycle", 4e-6)]
    [DataRow("Noam", 0.0035905)] // 1/√(101 · 768)
    [DataRow("Polynomial", 0.1)]
    [DataRow("CosineRestarts", 0.1)]
    public void ASchedulesNameChoosesIt(string name, double last)
    {
        var run = new RunSettings { Schedule = Enum.Parse<ScheduleKind>(name), Steps = 100, WarmupSteps = 1, FinalFactor = 0.1, Device = "cpu" };
        run.Validate();
        Assert.AreEqual(last, run.ChosenSchedule.Factor(100, 100), 1e-7);
    }

    [TestMethod]
    public void ASchedulesOptionsShapeIt()
    {
        var run = new RunSettings { Steps = 100, WarmupSteps = 0, FinalFactor = 0.1, Width = 64 };
        var polynomial = run with { Schedule = ScheduleKind.Polynomial, Power = 2 };
        Assert.AreEqual(0.1 + 0.9 * 0.25, polynomial.ChosenSchedule.Factor(50, 100), 1e-12);
        var restarts = run with { Schedule = ScheduleKind.CosineRestarts, FirstCycle = 10, CycleGrowth = 2 };
        Assert.AreEqual(1, restarts.ChosenSchedule.Factor(10, 100), 1e-12);
        Assert.AreEqual(0.55, restarts.ChosenSchedule.Factor(20, 100), 1e-12); // In the middle of 20 steps.
        Assert.AreEqual(1, (restarts with { FirstCycle = null, CycleGrowth = 1 }).ChosenSchedule.Factor(25, 100), 1e-12);
        var noam = run with { Schedule = ScheduleKind.Noam, WarmupSteps = 4 };
        Assert.AreEqual(1.0 / 16, noam.ChosenSchedule.Factor(3, 100), 1e-12); // 1/√4 · 1/√64
    }

    [TestMethod]
    public void EveryPresetIsARun()
    {
        Assert.HasCount(13, Preset.Names);
        foreach (var name in Preset.Names)
        {
            var preset = Preset.Read(name);
            Assert.AreNotEqual("", preset.Description, name);
            (preset.Settings with { Device = "cpu" }).Training().Validate();
            preset.Settings.Model(50_304).Validate();
        }
    }
}
