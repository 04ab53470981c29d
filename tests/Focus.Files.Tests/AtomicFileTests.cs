namespace Focus.Files.Tests;

[TestClass]
public sealed class AtomicFileTests
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("focus-tests-");

    private string Target => Path.Combine(folder.FullName, "file.txt");

    [TestCleanup]
    public void Cleanup() => folder.Delete(recursive: true);

    [TestMethod]
    public void A_file_is_replaced_as_a_whole()
    {
        File.WriteAllText(Target, "something older and longer");

        AtomicFile.Write(Target, stream => stream.Write("new"u8));

        Assert.AreEqual("new", File.ReadAllText(Target));
        Assert.HasCount(1, folder.GetFiles());
    }

    [TestMethod]
    public void A_failure_leaves_the_old_file_and_nothing_else()
    {
        File.WriteAllText(Target, "old");

        Assert.ThrowsExactly<IOException>(() => AtomicFile.Write(Target, stream =>
        {
            stream.Write("half of the n"u8);
            throw new IOException("The disk is full.");
        }));

        Assert.AreEqual("old", File.ReadAllText(Target));
        Assert.HasCount(1, folder.GetFiles());
    }

    [TestMethod]
    public void A_missing_folder_is_created()
    {
        var path = Path.Combine(folder.FullName, "a", "b", "file.txt");

        AtomicFile.Write(path, stream => stream.Write("new"u8));

        Assert.AreEqual("new", File.ReadAllText(path));
    }
}
