using System.CommandLine;
using Gpt2Sample;
using Samples;
using TorchSharp;

namespace Focus.Samples.Tests;

[TestClass]
public class Gpt2DisplayTests
{
    [TestMethod]
    public void DaysThatAreLeftAreTold()
    {
        var progress = new Gpt2Progress
        {
            Step = 1, TotalSteps = 100_001, Elapsed = TimeSpan.FromSeconds(2.00001),
            Loss = 1, LearningRate = 1, GradientNorm = 1, ClippedShare = 0, SkippedSteps = 0, LossScale = null, TokensPerSecond = 1,
            ModelFlopsUtilization = null,
        };
        StringAssert.EndsWith(TrainCommand.Line("run", progress), " 2:7:33:21 left");
        StringAssert.EndsWith(TrainCommand.Line("run", progress with { Step = 90_001 }), " 0:00:00 left");
    }

    [TestMethod]
    public void TheDemoReadsNoGeneratedSources()
    {
        var folder = Directory.CreateTempSubdirectory("demo").FullName;
        try
        {
            string[] files = ["README.md", "src/B/obj/Debug/B.g.cs", "src/B/b.cs", "src/A/objects.cs", "src/A/a.txt"];
            foreach (var file in files)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, file))!);
                File.WriteAllText(Path.Combine(folder, file), "");
            }
            string[] expected = ["src/A/objects.cs", "src/B/b.cs", "README.md"];
            CollectionAssert.AreEqual(Array.ConvertAll(expected, file => Path.Combine(folder, file)), DemoCommand.FilesOf(folder));
            var fault = Assert.Throws<DirectoryNotFoundException>(() => DemoCommand.FilesOf(Path.Combine(folder, "src")));
            StringAssert.Contains(fault.Message, "--text");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestMethod]
    public void AnOptimizerHasTheSameColourInEveryFigureAndItsOwn()
    {
        var colors = Figures.ColorsOf(["adamw", "signum", "focus", "focus", "lion", "soap"]);
        Assert.HasCount(6, colors.Distinct().ToArray());
        CollectionAssert.AreEqual(new[] { colors[2], colors[0], colors[1] }, Figures.ColorsOf(["FOCUS", "Adam", "Signum"]));
    }

    [TestMethod]
    public void AMissingLibraryIsAnErrorLikeOthers() =>
        StringAssert.Contains(ErrorOf(() => throw new DllNotFoundException("Reading needs a library.")), "needs a library");

    [TestMethod]
    public void MemoryThatDoesNotSufficeIsAnErrorLikeOthers() => StringAssert.Contains(ErrorOf(() => throw new OutOfMemoryException()), "memory");

    [TestMethod]
    [DataRow(new long[] { 3 }, "shape '[3]' is invalid for input of size 2")] // An error with a stack trace of libtorch's.
    [DataRow(new long[] { 1L << 50 }, "1125899906842624")] // One with another kind of stack trace.
    public void AnErrorOfLibtorchIsOneLineWithoutItsStackTrace(long[] shape, string hint)
    {
        var line = ErrorOf(() =>
        {
            using var tensor = shape[0] > 3 ? torch.empty(shape, torch.uint8) : torch.zeros(2).reshape(shape);
        });
        StringAssert.Contains(line, hint);
        foreach (var trace in new[] { "frame #", "c10" }) Assert.IsFalse(line.Contains(trace, StringComparison.Ordinal), line);
    }

    /// <summary>The one line that a command writes to standard error where its work fails.</summary>
    private static string ErrorOf(Action work)
    {
        var command = new Command("compute");
        command.Run((_, _) => work());
        using var errors = new StringWriter { NewLine = "\n" };
        var standardError = Console.Error;
        Console.SetError(errors);
        try
        {
            Assert.AreEqual(1, command.Parse([]).Invoke(new() { EnableDefaultExceptionHandler = false }));
        }
        finally
        {
            Console.SetError(standardError);
        }
        return errors.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Single();
    }
}
