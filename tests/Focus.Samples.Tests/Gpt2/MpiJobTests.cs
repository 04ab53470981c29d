using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Focus.Samples.Tests;

/// <summary>Processes that train together under the launchers of MPI libraries, where these are installed.</summary>
[TestClass]
[OSCondition(OperatingSystems.Linux)]
public sealed class MpiJobTests
{
    private const string OpenMpi = "mpirun.openmpi", Mpich = "mpirun.mpich";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly string folder = Directory.CreateTempSubdirectory("mpi").FullName;

    [TestCleanup]
    public void Cleanup() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    [DataRow(OpenMpi)]
    [DataRow(Mpich)]
    public void TwoProcessesThatThreeResumeTrainAsOneWithTheWholeBatch(string launcher)
    {
        Prepare();
        var first = Finish(launcher, (2, Train("job", batch: 6, steps: 4)));
        Assert.AreEqual((0, 1), (first.Code, Count("Validation loss", first.Output)), first.Errors);
        var second = Finish(launcher, (3, [.. Train("job", batch: 4, steps: 8), "--resume"]));
        Assert.AreEqual(0, second.Code, second.Errors);

        Sample.Succeeds("Gpt2", Train("alone", batch: 12, steps: 8));
        var (alone, job) = (Losses("alone"), Losses("job"));
        Assert.HasCount(8, job);
        for (var i = 0; i < 8; i++) Assert.AreEqual(alone[i], job[i], 1e-4);
    }

    [TestMethod]
    [DataRow(OpenMpi, "KILL")]
    [DataRow(OpenMpi, "STOP")]
    [DataRow(Mpich, "KILL")]
    [DataRow(Mpich, "STOP")]
    public void AProcessThatDiesOrHangsEndsTheJobAndTheLastCheckpointResumes(string launcher, string signal)
    {
        Prepare();
        // Longer than a slow machine takes to start the other rank or to write a checkpoint.
        using (var job = Start(launcher, (2, [.. Train("job", batch: 6, steps: 1_000_000), "--timeout", "10"])))
        {
            var errors = job.StandardError.ReadToEndAsync();
            var output = job.StandardOutput.ReadToEndAsync();
            while (Gpt2Checkpoint.Newest(In("job", "checkpoints")) is null && !job.HasExited) Thread.Sleep(10);
            Process.Start("kill", [$"-{signal}", $"{ProcessOfRank(1)}"]).WaitForExit();
            AssertEnds(job);
            Assert.AreNotEqual(0, job.ExitCode);
            var message = errors.Result + output.Result; // Launchers write to either.
            StringAssert.Contains(message, signal == "STOP" ? "ank 0 of 2" : "9");
        }
        AwaitRelease(In("job", "checkpoints", "run.lock"));
        Assert.IsEmpty(Processes());
        var newest = Path.GetFileNameWithoutExtension(Gpt2Checkpoint.Newest(In("job", "checkpoints"))!);
        var steps = long.Parse(newest["step-".Length..], CultureInfo.InvariantCulture);
        Sample.Succeeds("Gpt2", [.. Train("job", batch: 12, steps: steps + 1), "--resume"]);
        Assert.HasCount((int)steps + 1, Losses("job"));
    }

    [TestMethod]
    [DataRow(OpenMpi)]
    [DataRow(Mpich)]
    public void AnErrorOrOtherSettingsOnOneRankAreOneMessageThatNamesIt(string launcher)
    {
        Prepare();
        var good = Train("job", batch: 6, steps: 4);
        var missing = Finish(launcher, (1, good), (1, [.. good.Select(text => text == In("data") ? In("nowhere") : text)]));
        var other = Finish(launcher, (1, good), (1, [.. good, "--learning-rate", "0.5"]));

        Assert.AreNotEqual(0, missing.Code);
        Assert.AreEqual(1, Count("nowhere", missing.Errors), missing.Errors);
        StringAssert.Contains(missing.Errors, "ank 1 of 2");
        Assert.AreNotEqual(0, other.Code);
        StringAssert.Contains(other.Errors, "ank 1 of 2");
        StringAssert.Contains(other.Errors, "0.5");
    }

    [TestMethod]
    [DataRow(OpenMpi, "libmpich.so.12")]
    [DataRow(Mpich, "libmpi.so.40")]
    public void TheLibraryOfAnotherLauncherIsAnErrorWithBothSizes(string launcher, string library)
    {
        Require(launcher == OpenMpi ? Mpich : OpenMpi);
        Prepare();
        Environment.SetEnvironmentVariable("FOCUS_MPI_LIBRARY", library);
        try
        {
            var (code, _, errors) = Finish(launcher, (2, Train("job", batch: 6, steps: 4)));
            Assert.AreNotEqual(0, code);
            StringAssert.Matches(errors, new(@"\b2 processes.*\b1\b"));
        }
        finally
        {
            Environment.SetEnvironmentVariable("FOCUS_MPI_LIBRARY", null);
        }
    }

    private static void Require(string launcher)
    {
        var folders = Environment.GetEnvironmentVariable("PATH")!.Split(':');
        if (!folders.Any(path => File.Exists(Path.Combine(path, launcher)))) Assert.Inconclusive($"There is no {launcher} here.");
    }

    /// <summary>Starts a job of several programs, each with its number of processes.</summary>
    private static Process Start(string launcher, params (int Processes, string[] Arguments)[] programs)
    {
        Require(launcher);
        var program = Path.Combine(AppContext.BaseDirectory, "Gpt2.dll");
        string[] Part((int Processes, string[] Arguments) part) => [":", "-np", $"{part.Processes}", "dotnet", program, .. part.Arguments];
        string[] parts = [.. programs.SelectMany(Part).Skip(1)];
        var start = new ProcessStartInfo(launcher, launcher == OpenMpi ? ["--oversubscribe", "--bind-to", "none", .. parts] : parts)
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var name in new[] { "OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "OMP_NUM_THREADS" }) start.Environment[name] = "1";
        return Process.Start(start)!;
    }

    private static (int Code, string Output, string Errors) Finish(string launcher, params (int Processes, string[] Arguments)[] programs)
    {
        using var job = Start(launcher, programs);
        var (output, errors) = (job.StandardOutput.ReadToEndAsync(), job.StandardError.ReadToEndAsync());
        AssertEnds(job);
        return (job.ExitCode, output.Result, errors.Result);
    }

    private static void AssertEnds(Process job)
    {
        if (job.WaitForExit(Limit)) return;
        job.Kill(entireProcessTree: true);
        Assert.Fail($"The job did not end within {Limit}.");
    }

    /// <summary>Waits until a process that was killed has let a file go, which takes a moment longer than its end.</summary>
    private static void AwaitRelease(string path)
    {
        var clock = Stopwatch.StartNew();
        while (File.Exists(path))
        {
            try
            {
                new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose();
                return;
            }
            catch (IOException) when (clock.Elapsed < Limit)
            {
                Thread.Sleep(10);
            }
        }
    }

    /// <summary>The processes of this test's job, with their environments.</summary>
    private (int Id, string Environment)[] Processes() =>
    [
        .. from process in Process.GetProcessesByName("dotnet")
           where Text($"/proc/{process.Id}/cmdline").Contains(In("job"), StringComparison.Ordinal)
           select (process.Id, Text($"/proc/{process.Id}/environ")),
    ];

    private int ProcessOfRank(int rank) => Processes().Single(process =>
        process.Environment.Split('\0').Intersect([$"OMPI_COMM_WORLD_RANK={rank}", $"PMI_RANK={rank}"]).Any()).Id;

    private static string Text(string path)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes(path));
        }
        catch (IOException)
        {
            return ""; // The process has ended.
        }
    }

    private void Prepare()
    {
        File.WriteAllLines(In("text.txt"), Enumerable.Range(0, 400).Select(i => $"the {i % 7} foxes and the {i % 5} dogs"));
        Sample.Succeeds("Gpt2", "prepare", "--text", In("text.txt"), "--tokenizer", "characters", "--out", In("data"));
    }

    private string[] Train(string run, int batch, long steps) =>
    [
        "train", "--preset", "shakespeare-char", "--layers", "1", "--heads", "2", "--width", "16", "--block-size", "16", "--dropout", "0",
        "--batch-size", $"{batch}", "--evaluation-interval", "1000", "--evaluation-batches", "2", "--checkpoint-interval", "3",
        "--schedule", "constant", "--data", In("data"), "--out", In(run), "--steps", $"{steps}",
    ];

    private double[] Losses(string run) =>
        [.. File.ReadLines(In(run, "metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("loss").GetDouble())];

    private static int Count(string text, string all) => all.Split(text).Length - 1;

    private string In(params string[] path) => Path.Combine([folder, .. path]);
}
