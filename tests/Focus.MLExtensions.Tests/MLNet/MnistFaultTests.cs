using Microsoft.ML;

namespace Focus.Tests;

/// <summary>What is wrong with a file is said when it is opened: which file, where, what was expected and what was found.</summary>
[TestClass]
public sealed class MnistFaultTests
{
    private const string ImageName = "t10k-images-idx3-ubyte", LabelName = "t10k-labels-idx1-ubyte";

    private readonly TemporaryFolder folder = new();

    [TestCleanup]
    public void Cleanup() => folder.Dispose();

    [TestMethod]
    public void A_missing_file_is_named_with_all_its_names_and_the_remedy()
    {
        File.WriteAllBytes(folder.File(ImageName), IdxBytes.Images(2));

        var error = Assert.ThrowsExactly<FileNotFoundException>(Load);

        foreach (var part in new[] { LabelName, "t10k-labels.idx1-ubyte", LabelName + ".gz", "t10k-labels.idx1-ubyte.gz", folder.Path, "MnistDownload" })
            StringAssert.Contains(error.Message, part);
    }

    [TestMethod]
    public void A_missing_folder_is_named()
    {
        var error = Assert.ThrowsExactly<FileNotFoundException>(() => new MLContext().Focus.Data.LoadMnist(folder.File("nowhere"), MnistSplit.Train));

        StringAssert.Contains(error.Message, folder.File("nowhere"));
    }

    [TestMethod]
    public void Truncated_images() => Expect(
        IdxBytes.Images(2)[..^5], IdxBytes.Labels(2), ImageName, "byte 1579", "expected 1568 bytes", "found 1563", "cut short");

    [TestMethod]
    public void Truncated_labels() => Expect(IdxBytes.Images(2), IdxBytes.Labels(2)[..^1], LabelName, "byte 9", "expected 2", "found 1");

    [TestMethod]
    public void A_truncated_header() => Expect(IdxBytes.Images(2)[..10], IdxBytes.Labels(2), ImageName, "byte 10", "header of 16 bytes");

    [TestMethod]
    public void An_empty_file() => Expect([], IdxBytes.Labels(2), ImageName, "byte 0", "header of 16 bytes");

    [TestMethod]
    public void Trailing_bytes() => Expect([.. IdxBytes.Images(2), 1, 2, 3], IdxBytes.Labels(2), ImageName, "byte 1584", "more bytes");

    [TestMethod]
    public void A_wrong_magic_number() => Expect(
        [.. IdxBytes.Numbers(0x0903), .. IdxBytes.Images(2)[4..]], IdxBytes.Labels(2), ImageName, "byte 0", "0x00000803", "0x00000903");

    [TestMethod]
    public void Swapped_files() => Expect(IdxBytes.Labels(2), IdxBytes.Images(2), ImageName, "byte 0", "0x00000801", "swapped");

    [TestMethod]
    public void A_wrong_image_size() => Expect(IdxBytes.Images(2, height: 14), IdxBytes.Labels(2), ImageName, "byte 8", "28 × 28", "found 14");

    [TestMethod]
    public void A_negative_count() => Expect(
        [.. IdxBytes.Numbers(0x803, -1, 28, 28)], IdxBytes.Labels(2), ImageName, "byte 4", "found -1");

    [TestMethod]
    public void A_count_beyond_the_file() => Expect(
        [.. IdxBytes.Numbers(0x803, int.MaxValue, 28, 28)], IdxBytes.Labels(2), ImageName, "byte 16", "cut short");

    [TestMethod]
    public void A_label_above_9()
    {
        var labels = IdxBytes.Labels(4);
        labels[10] = 10;
        Expect(IdxBytes.Images(4), labels, LabelName, "byte 10", "0 to 9", "found 10");
    }

    [TestMethod]
    public void Different_counts() => Expect(IdxBytes.Images(3), IdxBytes.Labels(2), ImageName, "3 images", LabelName, "2 labels");

    [TestMethod]
    public void A_truncated_gzip_file()
    {
        var packed = IdxBytes.Gzip(IdxBytes.Images(20));
        Expect(packed[..(packed.Length / 2)], IdxBytes.Labels(20), ImageName, "cut short");
    }

    [TestMethod]
    public void A_damaged_gzip_file()
    {
        var packed = IdxBytes.Gzip(IdxBytes.Images(2));
        packed[10] = 0xff;
        Expect(packed, IdxBytes.Labels(2), ImageName, "damaged");
    }

    [TestMethod]
    public void A_gzip_file_that_expands_far_beyond_its_header_takes_no_memory_for_it()
    {
        var packed = IdxBytes.Gzip([.. IdxBytes.Images(2), .. new byte[50_000_000]]);
        var before = GC.GetTotalAllocatedBytes();
        Expect(packed, IdxBytes.Labels(2), ImageName, "byte 1584", "more bytes");
        Assert.IsLessThan(10_000_000, GC.GetTotalAllocatedBytes() - before);
        Expect(IdxBytes.Gzip(IdxBytes.Numbers(0x803, int.MaxValue, 28, 28)), IdxBytes.Labels(2), ImageName, "byte 4", "promises");
    }

    private IDataView Load() => new MLContext().Focus.Data.LoadMnist(folder.Path, MnistSplit.Test);

    private void Expect(byte[] images, byte[] labels, params string[] parts)
    {
        File.WriteAllBytes(folder.File(ImageName), images);
        File.WriteAllBytes(folder.File(LabelName), labels);
        var error = Assert.ThrowsExactly<InvalidDataException>(Load);
        foreach (var part in parts) StringAssert.Contains(error.Message, part);
    }
}
