using Focus.Tests;
using System.Diagnostics;
using System.Text.Json;

namespace Focus.Samples.Tests;

/// <summary>How programs that use TorchSharp are built and start.</summary>
[TestClass]
public sealed class ProgramStartTests
{
    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void Programs_start_together_and_without_a_place_to_write()
    {
        // As in a container with a read-only root, also where TorchSharp's native library is repaired at the start.
        var text = Path.Combine(SharedData.Repository, "README.md");
        string[] arguments = ["demo", "--text", text, "--steps", "1"];
        (string, string)[] nowhere = [("HOME", "/nonexistent"), ("TMPDIR", "/nonexistent"), ("XDG_CACHE_HOME", "/nonexistent")];
        var programs = new[] { Sample.Start("Gpt2", arguments, nowhere), Sample.Start("Gpt2", arguments, nowhere) };
        foreach (var program in programs)
        {
            using (program)
            {
                StringAssert.Contains(program.StandardOutput.ReadToEnd(), "AdamW");
                Assert.AreEqual("", program.StandardError.ReadToEnd());
                program.WaitForExit();
                Assert.AreEqual(0, program.ExitCode);
            }
        }
    }

    [TestMethod]
    [DataRow("cpu", "TorchSharp-cpu")]
    [DataRow("cuda", "TorchSharp-cuda-linux")]
    public void The_backend_chooses_the_native_package(string backend, string package)
    {
        var packages = JsonDocument.Parse(MSBuild($"-p:TorchBackend={backend}", "-getItem:PackageReference").Output).RootElement
            .GetProperty("Items").GetProperty("PackageReference").EnumerateArray().Select(item => item.GetProperty("Identity").GetString()!);
        CollectionAssert.AreEqual(new[] { package }, packages.Where(name => name.StartsWith("TorchSharp-", StringComparison.Ordinal)).ToArray());
    }

    [TestMethod]
    public void An_unknown_backend_is_named()
    {
        var (code, output) = MSBuild("-p:TorchBackend=rocm", "-t:CheckTorchBackend");
        Assert.AreEqual(1, code);
        StringAssert.Contains(output, "TorchBackend is 'rocm'; expected 'cpu' or 'cuda'.");
    }

    private static (int Code, string Output) MSBuild(params string[] arguments)
    {
        string[] all = ["msbuild", Path.Combine(SharedData.Repository, "samples", "Gpt2", "Gpt2.csproj"), .. arguments];
        using var process = Process.Start(new ProcessStartInfo("dotnet", all) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
