using Microsoft.ML;

namespace Focus.Tests;

[TestClass]
public sealed class MnistDownloadTests
{
    private readonly TemporaryFolder folder = new();

    [TestCleanup]
    public void Cleanup() => folder.Dispose();

    [TestMethod]
    public void Missing_files_are_fetched_checked_and_kept()
    {
        var real = SharedData.Require("data/mnist");
        using var server = new FileServer(name => File.ReadAllBytes(Path.Combine(real, name)));
        var progress = new Recorder();
        var download = new MnistDownload { BaseAddress = server.Address, Progress = progress };
        var target = folder.File("new/folder");

        var view = new MLContext().Focus.Data.LoadMnist(target, MnistSplit.Test, download);
        var again = new MLContext().Focus.Data.LoadMnist(target, MnistSplit.Test, download);

        Assert.AreEqual(10_000, view.GetRowCount());
        Assert.AreEqual(10_000, again.GetRowCount());
        CollectionAssert.AreEqual(new[] { "/mirror/mnist/t10k-images-idx3-ubyte.gz", "/mirror/mnist/t10k-labels-idx1-ubyte.gz" }, server.Requests);
        CollectionAssert.AreEquivalent(
            new[] { "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz" }, Directory.EnumerateFiles(target).Select(Path.GetFileName).ToArray());
        Assert.AreEqual(new MnistDownloadProgress("t10k-labels-idx1-ubyte.gz", 4542, 4542), progress.Reports[^1]);
        Assert.IsTrue(progress.Reports.Any(report => report.BytesReceived < report.TotalBytes), "There are reports on the way, too.");
    }

    [TestMethod]
    public void A_wrong_checksum_leaves_nothing_behind()
    {
        using var server = new FileServer(_ => IdxBytes.Gzip(IdxBytes.Images(2)));

        var error = Assert.ThrowsExactly<InvalidDataException>(() => Load(server.Address));

        StringAssert.Contains(error.Message, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6");
        StringAssert.Contains(error.Message, $"{server.Address}/t10k-images-idx3-ubyte.gz");
        Assert.IsEmpty(folder.FileNames);
    }

    [TestMethod]
    public void A_file_the_server_lacks_is_named_with_the_status_and_the_remedy()
    {
        using var server = new FileServer(_ => null);

        var error = Assert.ThrowsExactly<HttpRequestException>(() => Load(server.Address));

        StringAssert.Contains(error.Message, "404");
        StringAssert.Contains(error.Message, $"{server.Address}/t10k-images-idx3-ubyte.gz");
        StringAssert.Contains(error.Message, "BaseAddress");
        Assert.IsEmpty(folder.FileNames);
    }

    [TestMethod]
    public void A_connection_that_breaks_names_the_file_and_leaves_nothing_behind()
    {
        using var server = new FileServer(_ => new byte[1 << 20]) { BreaksOff = true };

        var error = Assert.ThrowsExactly<HttpRequestException>(() => Load(server.Address));

        StringAssert.Contains(error.Message, $"{server.Address}/t10k-images-idx3-ubyte.gz");
        Assert.IsEmpty(folder.FileNames);
    }

    [TestMethod]
    [DataRow("mirror/mnist")]
    [DataRow("ftp://127.0.0.1/mnist")]
    public void An_address_that_is_not_absolute_http_is_refused(string address)
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => Load(new Uri(address, UriKind.RelativeOrAbsolute)));

        StringAssert.Contains(error.Message, $"BaseAddress is '{address}'");
    }

    [TestMethod]
    public void Cancelling_leaves_nothing_behind()
    {
        using var cancellation = new CancellationTokenSource();
        using var server = new FileServer(_ => new byte[1 << 20]);
        var progress = new Recorder { OnReport = cancellation.Cancel };

        Assert.Throws<OperationCanceledException>(() => new MLContext().Focus.Data.LoadMnist(folder.Path, MnistSplit.Test,
            new MnistDownload { BaseAddress = server.Address, Progress = progress, CancellationToken = cancellation.Token }));

        Assert.IsEmpty(folder.FileNames);
    }

    [TestMethod]
    public void Files_that_are_there_are_not_fetched()
    {
        using var server = new FileServer(_ => null);
        File.WriteAllBytes(folder.File("t10k-images.idx3-ubyte"), IdxBytes.Images(2));
        File.WriteAllBytes(folder.File("t10k-labels-idx1-ubyte"), IdxBytes.Labels(2));

        Assert.AreEqual(2, Load(server.Address).GetRowCount());
        Assert.IsEmpty(server.Requests);
    }

    private IDataView Load(Uri address)
        => new MLContext().Focus.Data.LoadMnist(folder.Path, MnistSplit.Test, new MnistDownload { BaseAddress = address });

    private sealed class Recorder : IProgress<MnistDownloadProgress>
    {
        public Action? OnReport { get; init; }

        public List<MnistDownloadProgress> Reports { get; } = [];

        public void Report(MnistDownloadProgress value)
        {
            Reports.Add(value);
            OnReport?.Invoke();
        }
    }
}
