using System.CommandLine;
using Gpt2Sample;
using Samples;

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
    public void AMissingLibraryIsAnErrorLikeOthers()
    {
        var command = new Command("read");
        command.Run((_, _) => throw new DllNotFoundException("Reading needs a library."));
        Assert.AreEqual(1, command.Parse([]).Invoke(new() { EnableDefaultExceptionHandler = false }));
    }
}
