using System.Runtime.InteropServices;
using System.Text;
using static TorchSharp.torch;

namespace Focus.Tests;

/// <summary>TorchSharp loads where libstdc++ is older than its native library asks for; these tests ran if they ran there.</summary>
[TestClass]
[OSCondition(OperatingSystems.Linux)]
public class OlderLinuxTests
{
    private static byte[] Library => File.ReadAllBytes(
        Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", "libLibTorchSharp.so"));

    [TestMethod]
    public void TheRepairChangesTheMarkOfOneRequestAndNothingElse()
    {
        var library = Library;
        var repaired = OlderLinux.Repair(library)!;

        Assert.HasCount(library.Length, repaired);
        var changed = Enumerable.Range(0, library.Length).Single(i => library[i] != repaired[i]);
        Assert.AreEqual((0, 2), (library[changed], repaired[changed]), "VER_FLG_WEAK");
        // The mark lies between the hash and the index of the version's entry; the hash is the one of its name.
        Assert.AreEqual(Hash("GLIBCXX_3.4.32"), BitConverter.ToUInt32(library, changed - 4));
    }

    [TestMethod]
    public void TheRepairedLibraryLoads()
    {
        zeros(1).Dispose(); // What it depends on is loaded.
        var path = Path.Combine(Path.GetTempPath(), $"libLibTorchSharp.{Guid.NewGuid():n}.so");
        try
        {
            File.WriteAllBytes(path, OlderLinux.Repair(Library)!);
            Assert.IsTrue(NativeLibrary.TryLoad(path, out var handle));
            Assert.IsTrue(NativeLibrary.TryGetExport(handle, "THSTensor_dispose", out _));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [TestMethod]
    public void ALibraryThatNeedsMoreOfTheVersionIsLeftAlone()
    {
        var library = Library;
        var marker = library.AsSpan().IndexOf("_ZSt21ios_base_library_initv"u8);
        library[marker + 10] = (byte)'x'; // Another function, which may be called.
        Assert.IsNull(OlderLinux.Repair(library));
    }

    [TestMethod]
    public void OtherFilesAreLeftAlone()
    {
        Assert.IsNull(OlderLinux.Repair([]));
        Assert.IsNull(OlderLinux.Repair(Encoding.UTF8.GetBytes("not a library at all")));
        Assert.IsNull(OlderLinux.Repair(File.ReadAllBytes(typeof(Tensor).Assembly.Location)), "a .NET assembly");
        var withoutRequest = Library;
        Replace(withoutRequest, "GLIBCXX_3.4.32", "GLIBCXX_3.4.31");
        Assert.IsNull(OlderLinux.Repair(withoutRequest), "a library that does not ask for the version");
    }

    [TestMethod]
    public void ALibraryCutAnywhereIsLeftAloneOrRepairedButNeverFatal()
    {
        var library = Library;
        for (var length = 0; length < library.Length; length += 40_009) OlderLinux.Repair(library.AsSpan(0, length));
        var random = new Random(1);
        for (var i = 0; i < 200; i++)
        {
            var damaged = library.ToArray();
            for (var change = 0; change < 20; change++) damaged[random.Next(i < 100 ? 64 : damaged.Length)] = (byte)random.Next(256);
            OlderLinux.Repair(damaged);
        }
    }

    private static void Replace(byte[] bytes, string text, string replacement)
    {
        var at = bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(text));
        Assert.IsGreaterThan(0, at);
        Encoding.ASCII.GetBytes(replacement).CopyTo(bytes, at);
    }

    /// <summary>The hash of the System V ABI for names of symbols and versions.</summary>
    private static uint Hash(string name)
    {
        uint hash = 0;
        foreach (var c in name)
        {
            hash = (hash << 4) + c;
            var high = hash & 0xf0000000;
            hash ^= high >> 24;
            hash &= ~high;
        }
        return hash;
    }
}
