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
            Assert.DoesNotContain("delete", fault.Message, "the file may be another program's");
        }
    }

    [TestMethod]
    [DataRow("'<f8'", "'<c8'")]
    [DataRow("'<f8'", "'<U2'")]
    [DataRow("False", "Maybe")]
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

    /// <summary>What NumPy writes for arrays of 1, 2, … in the shape (2, 3).</summary>
    [TestMethod]
    [DataRow(1, "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }", "000000000000F03F 0000000000001040 0000000000000040 0000000000001440 0000000000000840 0000000000001840")]
    [DataRow(1, "{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }", "3F800000 40000000 40400000 40800000 40A00000 40C00000")]
    [DataRow(1, "{'descr': '>i2', 'fortran_order': True, 'shape': (2L, 3L), }", "0001 0004 0002 0005 0003 0006")]
    [DataRow(2, "{'descr': '<i8', 'fortran_order': False, 'shape': (2L, 3L), }", "0100000000000000 0200000000000000 0300000000000000 0400000000000000 0500000000000000 0600000000000000")]
    [DataRow(3, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }", "01 02 03 04 05 06")]
    [DataRow(1, "{'descr': '<f2', 'fortran_order': False, 'shape': (2, 3), }", "003C 0040 0042 0044 0045 0046")]
    public void ArraysOfOtherOrdersAndTypesAreRead(int version, string header, string content)
    {
        var text = Encoding.ASCII.GetBytes(header + "\n");
        byte[] length = version == 1 ? [(byte)text.Length, 0] : [(byte)text.Length, 0, 0, 0];
        var path = Path.Combine(folder, "a.npy");
        File.WriteAllBytes(path, [0x93, .. "NUMPY"u8, (byte)version, 0, .. length, .. text, .. Convert.FromHexString(content.Replace(" ", ""))]);

        var array = NpyFile.Read(path);

        CollectionAssert.AreEqual(new[] { 1.0, 2, 3, 4, 5, 6 }, array.Values);
        CollectionAssert.AreEqual(new[] { 2, 3 }, array.Shape.ToArray());
        CollectionAssert.AreEqual(new[] { 2, 3 }, NpyFile.ReadShape(path).ToArray());
    }

    [TestMethod]
    [DataRow(9007199254740991, true)]
    [DataRow(-9007199254740993, false)]
    public void IntegersAreReadWhereTheyFit(long value, bool fits)
    {
        var path = Path.Combine(folder, "a.npy");
        NpyFile.Write(path, new double[2], [2]);
        var bytes = File.ReadAllBytes(path);
        Encoding.ASCII.GetBytes("<i8").CopyTo(bytes, bytes.AsSpan().IndexOf("<f8"u8));
        BitConverter.GetBytes(value).CopyTo(bytes, bytes.Length - 8);
        File.WriteAllBytes(path, bytes);

        if (fits) CollectionAssert.AreEqual(new[] { 0, (double)value }, NpyFile.Read(path).Values);
        else StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => NpyFile.Read(path)).Message, "element 1");
    }

    [TestMethod]
    public void ShapesThatDoNotFitAreRefused() =>
        Assert.ThrowsExactly<ArgumentException>(() => NpyFile.Write(Path.Combine(folder, "a.npy"), new double[6], [2, 2]));
}
