using Gpt2Sample;

namespace Focus.Samples.Tests;

[TestClass]
public class Gpt2SettingsTests
{
    private readonly string path = Path.GetTempFileName();

    [TestCleanup]
    public void Cleanup() => File.Delete(path);

    [TestMethod]
    [DataRow("""{ "learningRate": 1 }""", "there is no setting 'learningRate'; there are data, layers")]
    [DataRow("""{ "focus": { "rate": 1 } }""", "there is no setting 'focus.rate'")]
    [DataRow("""{ "steps": "many" }""", "steps is \"many\"; expected a whole number.")]
    [DataRow("""{ "seed": 99999999999 }""", "seed is 99999999999; expected a whole number.")]
    [DataRow("""{ "dropout": true }""", "dropout is true; expected a number.")]
    [DataRow("""{ "bias": 1 }""", "bias is 1; expected true or false.")]
    [DataRow("""{ "data": null }""", "data is null; expected a text.")]
    [DataRow("""{ "optimizer": 7 }""", "optimizer is 7; expected one of Focus, Signum, AdamW.")]
    [DataRow("""{ "optimizer": "7" }""", "optimizer is \"7\"; expected one of Focus, Signum, AdamW.")]
    [DataRow("""{ "focus": null }""", "focus is null; expected an object.")]
    [DataRow("""{ "focus": 3 }""", "focus is 3; expected an object.")]
    [DataRow("""{ "adamW": { "beta2": "x" } }""", "adamW.beta2 is \"x\"; expected a number.")]
    [DataRow("""{ "steps": 1, "steps": 2 }""", "steps")]
    [DataRow("[]", "it is no JSON object")]
    [DataRow("{", "")]
    public void AWrongFileIsNamedWithItsFault(string content, string fault)
    {
        File.WriteAllText(path, content);
        var error = Assert.ThrowsExactly<InvalidDataException>(() => SettingsFile.Read(path, new RunSettings()));
        StringAssert.StartsWith(error.Message, $"Configuration file '{path}': ");
        StringAssert.Contains(error.Message, fault);
    }

    [TestMethod]
    public void WhatIsWrittenIsReadBack()
    {
        var settings = new RunSettings { Steps = 7, Optimizer = OptimizerKind.AdamW, Data = "elsewhere" };
        SettingsFile.Write(path, settings);
        Assert.AreEqual(settings, SettingsFile.Read(path, new RunSettings()));
    }
}
