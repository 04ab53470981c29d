using System.Text;

namespace Focus.Tests;

[TestClass]
public class NpyFileTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("npy").FullName;

    [TestCleanup]
    public void Cleanup() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    [DataRow(new[] { 6 })]
    [DataRow(new[] { 2, 3 })]
    [DataRow(new[] { 1, 2, 1, 3 })]
    public void ArraysComeBack(int[] shape)
    {
        double[] values = [1, -2.5, double.NaN, double.PositiveInfinity, 1e-300, Math.PI];
        var path = Path.Combine(folder, "a.npy");
        NpyFile.Write(path, values, shape);
        var array = NpyFile.Read(path);
        CollectionAssert.AreEqual(values, array.Values);
        CollectionAssert.AreEqual(shape, array.Shape.ToArray());
        CollectionAssert.AreEqual(shape, NpyFile.ReadShape(path).ToArray());
        Assert.HasCount(1, Directory.GetFiles(folder));
    }

    [TestMethod]
    public void SinglesComeBackAsDoubles()
    {
        var path = Path.Combine(folder, "a.npy");
        NpyFile.Write(path, [1.5f, -0.25f], [2]);
        CollectionAssert.AreEqual(new[] { 1.5, -0.25 }, NpyFile.Read(path).Values);
    }

    [TestMethod]
    public void TheHeaderIsWhatNumPyWrites()
    {
        var path = Path.Combine(folder, "a.npy");
        NpyFile.Write(path, new double[6], [2, 3]);
        var bytes = File.ReadAllBytes(path);
        var expected = "\u0093NUMPY\u0001\u0000v\u0000{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }".PadRight(127) + "\n";
        Assert.AreEqual(expected, Encoding.Latin1.GetString(bytes, 0, 128));
        Assert.HasCount(128 + 48, bytes);
    }

    [TestMethod]
    public void FilesThatAreThereAreKept()
    {
        var path = Path.Combine(folder, "a.npy");
        NpyFile.Write(path, [1.0], [1]);
        Assert.ThrowsExactly<IOException>(() => NpyFile.Write(path, [2.0], [1]));
        Assert.AreEqual(1, NpyFile.Read(path).Values[0]);
        NpyFile.Write(path, [2.0], [1], replace: true);
        Assert.AreEqual(2, NpyFile.Read(path).Values[0]);
        Assert.HasCount(1, Directory.GetFiles(folder));
    }

    [TestMethod]
    [DataRow(0, "empty")]
    [DataRow(5, "mark")]
    [DataRow(60, "header")]
    [DataRow(150, "48 bytes")]
    [DataRow(175, "48 bytes")]
    public void FilesCutShortAreNamed(int length, string hint)
    {
        var path = Path.Combine(folder, "a.npy");
        NpyFile.Write(path, new double[6], [2, 3]);
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..length]);
        foreach (var read in new Action[] { () => NpyFile.Read(path), () => NpyFile.ReadShape(path) })
        {
            var fault = Assert.ThrowsExactly<InvalidDataException>(read);
            StringAssert.Contains(fault.Message, path);
            StringAssert.Contains(fault.Message, hint);
        }
    }

    [TestMethod]
    [DataRow("'<f8'", "'<i8'")]
    [DataRow("False", "True ")]
    [DataRow("(2, 3)", "(2, x)")]
    [DataRow("(2, 3), }                      ", "(65536, 65536, 65536, 65536), }")]
    [DataRow("NUMPY", "NUMPX")]
    public void OtherFormatsAreRefused(string from, string to)
    {
        var path = Path.Combine(folder, "a.npy");
        NpyFile.Write(path, new double[6], [2, 3]);
        File.WriteAllBytes(path, Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(File.ReadAllBytes(path)).Replace(from, to)));
        Assert.ThrowsExactly<InvalidDataException>(() => NpyFile.Read(path));
    }

    [TestMethod]
    public void ShapesThatDoNotFitAreRefused() =>
        Assert.ThrowsExactly<ArgumentException>(() => NpyFile.Write(Path.Combine(folder, "a.npy"), new double[6], [2, 2]));
}
