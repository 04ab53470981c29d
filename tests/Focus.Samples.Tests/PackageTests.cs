using System.Diagnostics;
using System.IO.Compression;
using System.Text.RegularExpressions;
using Focus.Tests;

namespace Focus.Samples.Tests;

/// <summary>The package as a program outside the repository uses it.</summary>
[TestClass]
public sealed partial class PackageTests
{
    private static readonly string Version = $"0.0.{Environment.ProcessId}";

    /// <summary>What a service does that has never touched <c>mlContext.Focus</c>, such as one with a PredictionEnginePool.</summary>
    private const string Service = """
        using Microsoft.ML;
        using Microsoft.ML.Data;

        var model = new MLContext().Model.Load("model.zip", out _);
        var engine = new MLContext().Model.CreatePredictionEngine<Point, Prediction>(model);
        Console.WriteLine($"served: {engine.Predict(new Point { Features = [0.5f, 0.5f] }).Answer}");

        class Point
        {
            [VectorType(2)] public float[] Features { get; set; } = [];
            public string Label { get; set; } = "";
        }

        class Prediction { public string Answer { get; set; } = ""; }
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("focus-package-").FullName;

    [TestCleanup]
    public void Cleanup()
    {
        Directory.Delete(folder, recursive: true);
        var packages = Run(Path.GetTempPath(), "nuget locals global-packages --list --force-english-output").Split(": ", 2)[^1].Trim();
        var installed = Path.Combine(packages, "focus.mlextensions", Version);
        if (Directory.Exists(installed)) Directory.Delete(installed, recursive: true);
    }

    [TestMethod]
    public void TheFirstProgramOfTheReadmeRunsAndAnotherProcessLoadsItsModel()
    {
        var configuration = AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Debug{Path.DirectorySeparatorChar}") ? "Debug" : "Release";
        Run(SharedData.Repository, $"pack src/Focus.MLExtensions -c {configuration} --no-build -p:Version={Version} -o {folder}/feed");
        AssertContents(Path.Combine(folder, "feed", $"Focus.MLExtensions.{Version}.nupkg"));

        File.WriteAllText(Path.Combine(folder, "nuget.config"), "<configuration><packageSources><add key='local' value='feed' /></packageSources></configuration>");
        var hello = Path.Combine(folder, "Hello");
        Run(folder, "new console -n Hello");
        Run(hello, $"add package Focus.MLExtensions --version {Version}");
        Run(hello, "add package TorchSharp-cpu");

        File.WriteAllText(Path.Combine(hello, "Program.cs"), FirstProgram());
        var printed = Run(hello, "run -c Release");
        var accuracy = Accuracy().Match(printed);
        Assert.IsTrue(accuracy.Success, printed);
        Assert.IsGreaterThan(90.0, double.Parse(accuracy.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture));

        File.WriteAllText(Path.Combine(hello, "Program.cs"), Service);
        StringAssert.Contains(Run(hello, "run -c Release"), "served: same");
    }

    private static void AssertContents(string package)
    {
        using var zip = ZipFile.OpenRead(package);
        var names = zip.Entries.Select(entry => entry.FullName).ToArray();
        foreach (var name in new[]
        {
            "PACKAGE.md", "LICENSE", "lib/net10.0/Focus.MLExtensions.dll", "lib/net10.0/Focus.MLExtensions.xml",
            "buildTransitive/Focus.MLExtensions.targets", "buildTransitive/TorchRuntimeStart.cs",
        })
            CollectionAssert.Contains(names, name);
        using var specification = new StreamReader(zip.GetEntry("Focus.MLExtensions.nuspec")!.Open());
        var text = specification.ReadToEnd();
        foreach (var dependency in new[] { "Mono.Cecil", "PublicApiAnalyzers" }) Assert.IsFalse(text.Contains(dependency), $"{dependency} is for the build only");
        Assert.IsTrue(File.Exists(Path.ChangeExtension(package, "snupkg")));
    }

    /// <summary>The first block of C# in the README.</summary>
    private static string FirstProgram()
        => File.ReadAllText(Path.Combine(SharedData.Repository, "README.md")).Split("```csharp", 2)[1].Split("```", 2)[0];

    private static string Run(string folder, string arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["DOTNET_CLI_UI_LANGUAGE"] = "en", ["MSBUILDDISABLENODEREUSE"] = "1" },
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode, $"dotnet {arguments}\n{output}\n{errors.Result}");
        return output;
    }

    [GeneratedRegex(@"accuracy ([\d.]+)")]
    private static partial Regex Accuracy();
}
