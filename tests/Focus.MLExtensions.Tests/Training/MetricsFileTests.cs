using System.Text.Json;

namespace Focus.Tests;

[TestClass]
public sealed class MetricsFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private string MetricsFile => folder.File("metrics.jsonl");

    public void Dispose() => folder.Dispose();

    [TestMethod]
    public void EveryStepIsALineOfJson()
    {
        using var validation = TinyRun.Tokens(200, seed: 2);
        var options = TinyRun.Options with { MaxSteps = 6, EvaluationInterval = 3, MetricsFile = MetricsFile };
        var (_, steps) = TinyRun.Watch(options, validation: validation);
        var lines = Lines();
        Assert.HasCount(6, lines);
        for (var i = 0; i < 6; i++)
        {
            Assert.AreEqual(i + 1, lines[i].GetProperty("step").GetInt64());
            Assert.AreEqual(steps[i].Loss, lines[i].GetProperty("loss").GetDouble());
            Assert.AreEqual(steps[i].Elapsed.TotalSeconds, lines[i].GetProperty("elapsed").GetDouble());
            Assert.AreEqual(i % 3 == 2, lines[i].TryGetProperty("evaluation", out var evaluation));
            if (i % 3 == 2) Assert.AreEqual(steps[i].Evaluation!.ValidationLoss, evaluation.GetProperty("validation_loss").GetDouble());
        }
    }

    [TestMethod]
    public void AfterAResumeEveryStepStandsOnce()
    {
        var checkpoints = folder.File("run");
        var options = TinyRun.Options with { MaxSteps = 9, CheckpointFolder = checkpoints, CheckpointInterval = 4, MetricsFile = MetricsFile };
        var crash = new TinyRun.Reporter(step => { if (step.Step == 6) throw new InvalidOperationException("as if killed"); });
        Assert.ThrowsExactly<InvalidOperationException>(() => TinyRun.Train(options with { Progress = crash }));
        Assert.HasCount(6, Lines());
        File.AppendAllText(MetricsFile, "{\"step\":7,\"lo"); // A line cut short.
        TinyRun.Train(options with { Resume = true }).Model.Dispose();
        CollectionAssert.AreEqual(Enumerable.Range(1, 9).ToArray(), Lines().Select(line => line.GetProperty("step").GetInt32()).ToArray());
    }

    [TestMethod]
    public void LinesThatEndAsOnWindowsAreKeptWholeToo()
    {
        var options = TinyRun.Options with { MaxSteps = 3, CheckpointFolder = folder.File("run"), MetricsFile = MetricsFile };
        TinyRun.Train(options).Model.Dispose();
        File.WriteAllText(MetricsFile, File.ReadAllText(MetricsFile).ReplaceLineEndings("\r\n"));
        TinyRun.Train(options with { MaxSteps = 5, Resume = true }).Model.Dispose();
        CollectionAssert.AreEqual(Enumerable.Range(1, 5).ToArray(), Lines().Select(line => line.GetProperty("step").GetInt32()).ToArray());
    }

    [TestMethod]
    public void ANewRunReplacesTheFile()
    {
        TinyRun.Train(TinyRun.Options with { MaxSteps = 5, MetricsFile = MetricsFile }).Model.Dispose();
        TinyRun.Train(TinyRun.Options with { MaxSteps = 2, MetricsFile = MetricsFile }).Model.Dispose();
        Assert.HasCount(2, Lines());
    }

    [TestMethod]
    public void AFileOfSomethingElseIsNotTouchedWhenARunIsResumed()
    {
        var options = TinyRun.Options with { MaxSteps = 2, CheckpointFolder = folder.File("run") };
        TinyRun.Train(options).Model.Dispose();
        File.WriteAllText(MetricsFile, "a text\nof two lines\n");
        var error = Assert.ThrowsExactly<InvalidDataException>(
            () => TinyRun.Train(options with { MaxSteps = 3, Resume = true, MetricsFile = MetricsFile }));
        StringAssert.Contains(error.Message, MetricsFile);
        StringAssert.Contains(error.Message, "line 1");
        Assert.AreEqual("a text\nof two lines\n", File.ReadAllText(MetricsFile));
    }

    [TestMethod]
    public void ARunThatCannotBeginClosesTheFile()
    {
        File.WriteAllText(folder.File("file"), "no folder");
        Assert.Throws<IOException>(
            () => TinyRun.Train(TinyRun.Options with { MetricsFile = MetricsFile, TensorBoardFolder = folder.File("file") }));
        using var exclusive = new FileStream(MetricsFile, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
    }

    private List<JsonElement> Lines() => [.. File.ReadLines(MetricsFile).Select(line => JsonDocument.Parse(line).RootElement)];
}
