namespace Focus.Tests;

[TestClass]
public class CsvFileTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("csv").FullName;

    [TestCleanup]
    public void Cleanup() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    public void NumbersKeepAllDigits()
    {
        var path = Path.Combine(folder, "table.csv");
        CsvFile.Write(path, ["a", "b"], [[0.1 + 0.2, 1e-300], [double.NaN, -3]]);
        Assert.AreEqual("a,b\n0.30000000000000004,1E-300\nNaN,-3\n", File.ReadAllText(path));
    }

    [TestMethod]
    public void ARowThatDoesNotFitLeavesTheFileAlone()
    {
        var path = Path.Combine(folder, "table.csv");
        CsvFile.Write(path, ["a"], [[1]]);
        Assert.ThrowsExactly<ArgumentException>(() => CsvFile.Write(path, ["a"], [[2], [1, 2]]));
        Assert.AreEqual("a\n1\n", File.ReadAllText(path));
        Assert.HasCount(1, Directory.GetFiles(folder));
    }
}
