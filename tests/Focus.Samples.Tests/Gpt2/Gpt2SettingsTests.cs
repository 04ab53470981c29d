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
    [DataRow("""{ "focus": { "rate": 1 } }""", "'focus:rate'")]
    [DataRow("""{ "steps": "many" }""", "'many' at 'Steps'")]
    [DataRow("""{ "seed": 99999999999 }""", "'99999999999' at 'Seed'")]
    [DataRow("""{ "dropout": true }""", "'True' at 'Dropout'")]
    [DataRow("""{ "bias": 1 }""", "'1' at 'Bias'")]
    [DataRow("""{ "data": null }""", "'data' is null")]
    [DataRow("""{ "optimizer": "sgd" }""", "'sgd' at 'Optimizer'")]
    [DataRow("""{ "focus": null }""", "'focus' is null")]
    [DataRow("""{ "focus": 3 }""", "'3' at 'Focus'")]
    [DataRow("""{ "adamW": { "beta2": "x" } }""", "'x' at 'AdamW:Beta2'")]
    [DataRow("""{ "steps": 1, "steps": 2 }""", "'steps'")]
    [DataRow("[]", "'Array'")]
    [DataRow("{", "LineNumber: 0")]
    public void AWrongFileIsNamedWithItsFault(string content, string fault)
    {
        File.WriteAllText(path, content);
        var error = Assert.ThrowsExactly<InvalidDataException>(() => Layer.Read<RunSettings>(path));
        StringAssert.StartsWith(error.Message, $"Configuration file '{path}': ");
        StringAssert.Contains(error.Message, fault);
    }

    [TestMethod]
    public void WhatIsWrittenIsReadBack()
    {
        var settings = new RunSettings { Steps = 7, Optimizer = OptimizerKind.AdamW, Data = "elsewhere", AdamW = new() { LearningRate = 1e-7 } };
        settings.Write(path);
        Assert.AreEqual(settings, Layer.Bind<RunSettings>(Layer.Read<RunSettings>(path)));
    }

    [TestMethod]
    public void LaterLayersTakePrecedence()
    {
        File.WriteAllText(path, """{ "adamW": { "beta2": 0.9 } } // a note""");
        var settings = Layer.Bind<RunSettings>(Preset.SettingsOf("Paper-AdamW-1e-4"), Layer.Read<RunSettings>(path));
        Assert.AreEqual(new AdamWOptions { LearningRate = 1e-4, Beta1 = 0.9, Beta2 = 0.9, WeightDecay = 0.1 }, settings.AdamW);
        Assert.AreEqual(new RunSettings().Focus, settings.Focus);
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
