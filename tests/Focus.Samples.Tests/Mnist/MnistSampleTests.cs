using Focus.Tests;

namespace Focus.Samples.Tests;

/// <summary>The sample as its users run it: with arguments, an exit code, standard error and files.</summary>
[TestClass]
public class MnistSampleTests
{
    private const string Name = "Mnist";

    private static readonly string[] Small =
    [
        "--optimizers", "adamw", "signum", "focus-0.4", "--batch-sizes", "2,32", "--learning-rates", "0.001 0.01", "--replicates", "2",
        "--steps", "6", "--evaluate-every", "4",
    ];

    private readonly string folder = Directory.CreateTempSubdirectory("mnist").FullName;

    [TestInitialize]
    public void WriteData() => TinyMnist.Write(In("data"));

    [TestCleanup]
    public void Cleanup() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    public void ShardsAndWorkersGiveTheResultsOfTheWhole()
    {
        Scan("whole", "--workers", "1");
        foreach (var shard in new[] { "2/2", "1/2" }) Scan("parts", "--shard", shard, "--workers", "4");
        string[] expected =
        [
            "best.csv", "figure-2c.png", "figure-2c.svg", "figure-2d.png", "figure-2d.svg", "manifest.json",
            "scan-18-0.npy", "scan-18-1.npy", "scan-18-2.npy", "scan-18-3.npy", "scan-18-4.npy", "scan-18-5.npy",
        ];
        CollectionAssert.AreEqual(expected, Files("whole"));
        CollectionAssert.AreEqual(expected, Files("parts"));
        foreach (var file in expected) CollectionAssert.AreEqual(Sample.Content(In("whole", file)), Sample.Content(In("parts", file)), file);
        Assert.HasCount(1 + 6, File.ReadAllLines(In("whole", "best.csv")));

        var array = NpyFile.Read(In("whole", "scan-18-5.npy"));
        CollectionAssert.AreEqual(new[] { 2, 2, 3, 6 }, array.Shape.ToArray());
        Assert.IsTrue(array.Values[..6].All(double.IsFinite), "the training loss of every step");
        CollectionAssert.AreEqual(
            new[] { false, false, false, true, false, true }, array.Values[6..12].Select(double.IsFinite).ToArray(), "the test loss where it was evaluated");
    }

    [TestMethod]
    public void ARunCutShortIsMadeAgain()
    {
        Scan("whole");
        var log = In("whole", "runs-1-of-1.jsonl");
        var lines = File.ReadAllLines(log);
        File.WriteAllBytes(log, File.ReadAllBytes(log)[..^20]);
        Scan("whole");
        CollectionAssert.AreEqual(lines, File.ReadAllLines(log));
    }

    [TestMethod]
    public void RunsThatDivergeAreRecordedAndNeverBest()
    {
        Scan("wild", "--optimizers", "adamw", "--learning-rates", "0.001", "1e30");
        Assert.IsTrue(File.ReadAllLines(In("wild", "runs-1-of-1.jsonl")).Any(line => !line.Contains("\"diverged_at\":null", StringComparison.Ordinal)));
        foreach (var line in File.ReadAllLines(In("wild", "best.csv"))[1..]) StringAssert.Contains(line, ",0.001,");
    }

    [TestMethod]
    [DataRow("train-images-idx3-ubyte.gz in 'nowhere'", "--data", "nowhere")]
    [DataRow("'x'", "--optimizers", "x")]
    [DataRow("--optimizers", "--optimizers", "")]
    [DataRow("--batch-sizes: '2.5'", "--batch-sizes", "2 2.5")]
    [DataRow("--learning-rates: 'x'", "--learning-rates", "1e-3,x")]
    [DataRow("2 to 64", "--batch-sizes", "1")]
    [DataRow("2 to 64", "--batch-sizes", "65")]
    [DataRow("--learning-rates holds 0", "--learning-rates", "0")]
    [DataRow("--replicates is 0", "--replicates", "0")]
    [DataRow("--workers is 0", "--workers", "0")]
    [DataRow("at most 24", "--shard", "1/25")]
    [DataRow("'x'", "--shard", "x")]
    public void WrongInputIsOneLine(string hint, params string[] arguments)
    {
        Refuses(hint, Arguments("none", arguments));
        Assert.IsFalse(Directory.Exists(In("none")));
    }

    [TestMethod]
    public void AnOptimizerIsTakenByItsName()
    {
        string[] training = ["--data", In("data"), "--batch-size", "8", "--steps", "2", "--model", In("mnist.zip")];
        Sample.Succeeds(Name, [.. training, "--optimizer", "lion"]);
        Refuses("'nolion'", [.. training, "--optimizer", "nolion"]);
        string[] few = ["--batch-sizes", "8", "--learning-rates", "0.001", "--replicates", "1"];
        Scan("all", ["--optimizers", "Lion,lion", "focus-0.4,Focus-0.40", "Schedule-Free-AdamW", .. few]);
        var trainers = File.ReadAllLines(In("all", "best.csv")).Skip(1).Select(line => line.Split(',')[0]).ToArray();
        CollectionAssert.AreEqual(new[] { "lion", "focus-0.4", "schedulefreeadamw" }, trainers);
    }

    [TestMethod]
    public void WithoutDataTheDownloadIsNamed() => Refuses("--download", ["--data", In("none"), "--model", In("mnist.zip")]);

    [TestMethod]
    public void AnOptimizersSettingIsNamedAsItsOption() =>
        Refuses(": --learning-rate is -1;", ["--data", In("data"), "--batch-size", "8", "--learning-rate", "-1", "--model", In("none")]);

    [TestMethod]
    public void AFolderOfAnotherPlanIsLeftAlone()
    {
        Scan("first");
        var before = File.ReadAllBytes(In("first", "runs-1-of-1.jsonl"));
        Refuses("steps", Arguments("first", ["--steps", "7"]));
        CollectionAssert.AreEqual(before, File.ReadAllBytes(In("first", "runs-1-of-1.jsonl")));
    }

    [TestMethod]
    [DataRow("train-images-idx3-ubyte")]
    [DataRow("t10k-labels-idx1-ubyte")]
    public void ResultsOfOtherDataAreLeftAlone(string changed)
    {
        Scan("first");
        var file = In("data", changed);
        var bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);
        Refuses("settings", Arguments("first", []));
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux | OperatingSystems.OSX)]
    public void AnInterruptedTrainingSavesNoModel()
    {
        File.WriteAllText(In("mnist.zip"), "an earlier model");
        string[] training = ["--data", In("data"), "--batch-size", "8", "--steps", "1000000", "--model", In("mnist.zip")];
        StringAssert.Contains(Sample.Interrupts(Name, "focus", training), "No model");
        Assert.AreEqual("an earlier model", File.ReadAllText(In("mnist.zip")));
    }

    [TestMethod]
    public void FiguresAreDrawnFromATable()
    {
        var table = Path.Combine(SharedData.Repository, "samples", "Mnist", "results", "best.csv");
        Sample.Succeeds(Name, "figures", "--table", table, "--out", In("data"));
        foreach (var name in new[] { "figure-2c", "figure-2d" })
        {
            var svg = File.ReadAllText(In("data", $"{name}.svg"));
            StringAssert.StartsWith(svg, "<?xml");
            Assert.AreEqual(name == "figure-2d", svg.Contains("± 5 %", StringComparison.Ordinal), "The legend of the dashed lines.");
            CollectionAssert.AreEqual("PNG"u8.ToArray(), File.ReadAllBytes(In("data", $"{name}.png"))[1..4]);
        }
    }

    [TestMethod]
    public void AWrongTableIsOneLine()
    {
        File.WriteAllText(In("other.csv"), "a table\nof something else\n");
        Refuses($"'{In("other.csv")}', line 2", ["figures", "--table", In("other.csv"), "--out", In("data")]);
    }

    private void Scan(string output, params string[] more) => Sample.Succeeds(Name, Arguments(output, more));

    /// <summary>A small scan; options given take the place of its own.</summary>
    private string[] Arguments(string output, string[] more)
    {
        var own = new List<string> { "--data", In("data"), "--out", In(output) };
        own.AddRange(Small);
        for (var i = 0; i < more.Length; i++)
        {
            if (!more[i].StartsWith("--", StringComparison.Ordinal) || own.IndexOf(more[i]) is not (>= 0 and var start)) continue;
            var end = start + 1;
            while (end < own.Count && !own[end].StartsWith("--", StringComparison.Ordinal)) end++;
            own.RemoveRange(start, end - start);
        }
        return ["scan", .. own, .. more];
    }

    private static void Refuses(string hint, string[] arguments) => Sample.Refuses(Name, hint, arguments);

    private string In(params string[] path) => Path.Combine([folder, .. path]);

    /// <summary>All results but the logs of the shards, whose names tell the shards.</summary>
    private string[] Files(string output) =>
        [.. Directory.GetFiles(In(output)).Select(path => Path.GetFileName(path)).Where(name => !name.EndsWith(".jsonl", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)];
}
