namespace Focus.Samples.Tests;

/// <summary>The sample as its users run it: with arguments, an exit code, standard error and files.</summary>
[TestClass]
public class ToyLandscapesSampleTests
{
    private const string Name = "ToyLandscapes";

    private static readonly string[] Coarse = ["--resolution", "30", "--replicates", "2"];

    private readonly string folder = Directory.CreateTempSubdirectory("toy").FullName;

    [TestCleanup]
    public void Cleanup() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    public void ShardsMergeIntoTheFilesOfTheWhole()
    {
        foreach (var figure in new[] { "2a", "2b" })
        {
            Make(figure, "whole");
            foreach (var shard in new[] { "2/2", "1/2" }) Make(figure, "parts", "--shard", shard);
        }
        var whole = Files("whole");
        // For each figure four rows and a manifest, the table and two pictures; and two tables of the boundary.
        Assert.HasCount(2 * (4 + 1 + 1 + 2) + 2, whole);
        var parts = Files("parts");
        CollectionAssert.AreEqual(whole.Keys, parts.Keys);
        foreach (var (name, bytes) in whole) CollectionAssert.AreEqual(bytes, parts[name], name);
        CollectionAssert.AreEqual(new[] { 3, 4, 20, 2 }, NpyFile.ReadShape(In("whole", "figure-2a", "syn-exp-7-3.npy")).ToArray());
        CollectionAssert.AreEqual(new[] { 3, 4, 20, 2, 3 }, NpyFile.ReadShape(In("whole", "figure-2b", "syn-exp-6-0.npy")).ToArray());
    }

    [TestMethod]
    public void OtherOptimizersHaveDiagramsToo()
    {
        Make("5", "others", "--optimizers", "focus", "SGD", "cautious-lion", "sophia-g");
        CollectionAssert.AreEqual(new[] { 4, 4, 20, 2 }, NpyFile.ReadShape(In("others", "figure-2a", "syn-exp-7-3.npy")).ToArray());
        Make("2a", "others", "--optimizers", "focus", "SGD", "cautious-lion", "sophia-g");
        StringAssert.StartsWith(File.ReadAllText(In("others", "figure-2a.csv")), "sharpness,noise,winner,FOCUS_loss,FOCUS_learning_rate,FOCUS_standard_error,SGD_loss");
        CollectionAssert.DoesNotContain(Files("others").Keys, "figure-2a-boundary.csv"); // It is that of Adam and Signum.
    }

    [TestMethod]
    public void FiguresOfPathsCurvesAndRegretAreMade()
    {
        foreach (var figure in new[] { "1c", "4" }) Make(figure, "figures");
        Sample.Succeeds(Name, ["--theory", "--out", In("figures")]);
        string[] expected =
        [
            "figure-1c.csv", "figure-1c.png", "figure-1c.svg", "figure-4.csv", "figure-4.png", "figure-4.svg",
            "theory-linear.csv", "theory-quadratic.csv", "theory.png", "theory.svg",
        ];
        CollectionAssert.AreEqual(expected, Files("figures").Keys);
    }

    [TestMethod]
    [DataRow("3", "--figure", "3")]
    [DataRow("--figure or --theory")]
    [DataRow("--figure is --replicates", "--figure", "--replicates", "2")]
    [DataRow("--resolution", "--figure", "2a", "--resolution", "0")]
    [DataRow("--replicates is 0", "--figure", "2a", "--replicates", "0")]
    [DataRow("3/2", "--figure", "2a", "--shard", "3/2")]
    [DataRow("4 rows", "--figure", "2a", "--resolution", "30", "--shard", "1/5")]
    [DataRow("'x'", "--figure", "2a", "--shard", "x")]
    [DataRow("'tiger'", "--figure", "2a", "--optimizers", "adam", "tiger")]
    [DataRow("Muon", "--figure", "2a", "--optimizers", "adam", "muon")]
    [DataRow("at least two", "--figure", "2a", "--optimizers", "adam")]
    [DataRow("'sgd'", "--figure", "2a", "--optimizers", "sgd,sgd")]
    public void WrongInputIsOneLine(string hint, params string[] arguments)
    {
        Refuses(hint, [.. arguments, "--out", In("none")]);
        Assert.IsEmpty(Files("none"));
    }

    [TestMethod]
    public void AnOptionWithoutItsValueIsOneLine() => Refuses("--figure", ["--theory", "--out", In("none"), "--figure"]);

    [TestMethod]
    public void AFolderOfAnotherSeedIsLeftAlone()
    {
        Make("2a", "first");
        var before = Files("first");
        Refuses("seed", ["--figure", "2a", .. Coarse, "--seed", "2", "--out", In("first")]);
        foreach (var (name, bytes) in Files("first")) CollectionAssert.AreEqual(before[name], bytes, name);
    }

    [TestMethod]
    public void ARowCutShortIsOneLine()
    {
        Make("2a", "cut");
        var row = In("cut", "figure-2a", "syn-exp-7-1.npy");
        File.WriteAllBytes(row, File.ReadAllBytes(row)[..1000]);
        Refuses(row, ["--figure", "2a", .. Coarse, "--out", In("cut")]);
        Assert.AreEqual(1000, new FileInfo(row).Length);
    }

    private void Make(string figure, string output, params string[] more) =>
        Sample.Succeeds(Name, ["--figure", figure, .. Coarse, "--out", In(output), .. more]);

    private static void Refuses(string hint, string[] arguments) => Sample.Refuses(Name, hint, arguments);

    private string In(params string[] path) => Path.Combine([folder, .. path]);

    private SortedDictionary<string, byte[]> Files(string output) => Directory.Exists(In(output))
        ? new(Directory.GetFiles(In(output), "*", SearchOption.AllDirectories)
            .ToDictionary(path => Path.GetRelativePath(In(output), path), Sample.Content), StringComparer.Ordinal)
        : [];
}
