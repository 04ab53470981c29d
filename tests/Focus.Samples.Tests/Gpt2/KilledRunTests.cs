using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Focus.Samples.Tests;

/// <summary>A training process that is killed again and again ends where an undisturbed one ends.</summary>
/// <remarks>To kill it more often, set FOCUS_KILLS to the number of kills, and FOCUS_FUZZ_SEED to another number.</remarks>
[TestClass]
public sealed class KilledRunTests
{
    private static readonly int Kills = Setting("FOCUS_KILLS", 8);
    private static readonly int Seed = Setting("FOCUS_FUZZ_SEED", 1);

    private readonly string folder = Directory.CreateTempSubdirectory("killed").FullName;

    [TestCleanup]
    public void Cleanup() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    [OSCondition(OperatingSystems.Linux | OperatingSystems.OSX)]
    public void ARunKilledAtRandomMomentsEndsInTheSameBits()
    {
        File.WriteAllLines(In("text.txt"), Enumerable.Range(0, 400).Select(i => $"the {i % 7} foxes and the {i % 5} dogs"));
        Sample.Succeeds("Gpt2", "prepare", "--text", In("text.txt"), "--tokenizer", "characters", "--out", In("data"));
        // A checkpoint in every step, so that many kills meet one that is being written.
        string[] command =
        [
            "train", "--preset", "shakespeare-char", "--layers", "1", "--heads", "2", "--width", "16", "--block-size", "16", "--batch-size", "4",
            "--evaluation-interval", "3", "--evaluation-batches", "2", "--checkpoint-interval", "1", "--data", In("data"),
            "--steps", $"{20 * Kills}",
        ];
        Finish([.. command, "--out", In("whole")]);

        var random = new Random(Seed);
        for (var kill = 0; kill < Kills; kill++)
        {
            using var process = Sample.Start("Gpt2", [.. command, "--out", In("killed"), .. Resume()]);
            // Mostly once the run has gone on; sometimes while the program starts or reads the checkpoint.
            if (kill == 0 || random.Next(8) > 0) Await(process, random.Next(2) > 0 && kill > 0 ? Recorded : Saved);
            Thread.Sleep(random.Next(100));
            if (process.HasExited) Assert.AreEqual(0, process.ExitCode, process.StandardError.ReadToEnd()); // It may only have come to its end.
            process.Kill();
            process.WaitForExit();
        }
        Assert.IsNotNull(Saved(), "No kill came after a checkpoint.");
        Finish([.. command, "--out", In("killed"), .. Resume()]);

        CollectionAssert.AreEqual(Losses("whole"), Losses("killed"));
        CollectionAssert.AreEqual(Model("whole"), Model("killed"));
        var leftovers = Directory.GetFiles(In("killed"), "*.tmp", SearchOption.AllDirectories);
        Assert.IsEmpty(leftovers, string.Join(' ', leftovers));
    }

    private static void Finish(string[] arguments)
    {
        using var process = Sample.Start("Gpt2", arguments);
        process.StandardOutput.ReadToEnd();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual((0, ""), (process.ExitCode, errors));
    }

    /// <summary>Waits until what the run has written changes.</summary>
    private static void Await(Process process, Func<string?> written)
    {
        var before = written();
        while (!process.HasExited && written() == before) Thread.Sleep(1);
    }

    private string? Saved() => Gpt2Checkpoint.Newest(In("killed", "checkpoints"));

    private string? Recorded() => File.Exists(In("killed", "metrics.jsonl")) ? $"{new FileInfo(In("killed", "metrics.jsonl")).Length} bytes" : null;

    private string[] Resume() => Saved() is null ? [] : ["--resume"];

    private double[] Losses(string run) =>
        [.. File.ReadLines(In(run, "metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("loss").GetDouble())];

    private byte[] Model(string run)
    {
        Sample.Succeeds("Gpt2", "export", "--model", In(run), "--to", In(run, "model"), "--format", "safetensors");
        return File.ReadAllBytes(Directory.GetFiles(In(run, "model"), "*.safetensors").Single());
    }

    private string In(params string[] path) => Path.Combine([folder, .. path]);

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
