namespace Focus.Tests;

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
    public void What_killed_writes_left_is_deleted_and_nothing_else()
    {
        AtomicFile.Write(Target, stream =>
        {
            foreach (var file in folder.GetFiles()) file.CopyTo(file.FullName.Replace("file.txt", "file-2.txt")); // As if killed just here.
        });
        foreach (var name in new[] { "other.csv.x.tmp", "file.tmp" }) File.WriteAllText(Path.Combine(folder.FullName, name), "");
        Assert.HasCount(4, folder.GetFiles());

        AtomicFile.DeleteLeftovers(folder.FullName, "file*.txt");

        CollectionAssert.AreEquivalent(
            new[] { "file.txt", "other.csv.x.tmp", "file.tmp" }, folder.GetFiles().Select(file => file.Name).ToArray());
        AtomicFile.DeleteLeftovers(Path.Combine(folder.FullName, "missing"), "*");
    }

    [TestMethod]
    public void A_missing_folder_is_created()
    {
        var path = Path.Combine(folder.FullName, "a", "b", "file.txt");

        AtomicFile.Write(path, stream => stream.Write("new"u8));

        Assert.AreEqual("new", File.ReadAllText(path));
    }
}
