using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus.Tests;

[TestClass]
public sealed class MnistLoaderTests
{
    private const int Rows = 300;

    private readonly TemporaryFolder folder = new();
    private readonly MLContext mlContext = new();

    [TestCleanup]
    public void Cleanup() => folder.Dispose();

    [TestMethod]
    [DataRow("train-images-idx3-ubyte", "train-labels-idx1-ubyte", false)]
    [DataRow("train-images.idx3-ubyte", "train-labels.idx1-ubyte", false)]
    [DataRow("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", true)]
    [DataRow("train-images.idx3-ubyte.gz", "train-labels.idx1-ubyte.gz", true)]
    [DataRow("train-images-idx3-ubyte", "train-labels-idx1-ubyte", true)]
    public void Files_are_found_under_each_name_and_unpacked_where_they_are_packed(string images, string labels, bool gzip)
    {
        Write(images, IdxBytes.Images(Rows), gzip);
        Write(labels, IdxBytes.Labels(Rows), gzip);

        var view = mlContext.Focus.Data.LoadMnist(folder.Path, MnistSplit.Train);

        Assert.AreEqual(Rows, view.GetRowCount());
        var label = view.GetColumn<uint>("Label").ToArray();
        var features = view.GetColumn<float[]>("Features").ToArray();
        for (var row = 0; row < Rows; row++)
        {
            Assert.AreEqual(IdxBytes.Label(row) + 1u, label[row]);
            for (var pixel = 0; pixel < IdxBytes.Pixels; pixel++) Assert.AreEqual(IdxBytes.Pixel(row, pixel) / 255f, features[row][pixel]);
        }
    }

    [TestMethod]
    public void The_label_is_a_key_of_ten_digits_and_the_features_a_vector_of_known_size()
    {
        var schema = Load().Schema;

        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 784), schema["Features"].Type);
        Assert.AreEqual(new KeyDataViewType(typeof(uint), 10), schema["Label"].Type);
        var names = default(VBuffer<ReadOnlyMemory<char>>);
        schema["Label"].GetKeyValues(ref names);
        Assert.AreEqual("0,1,2,3,4,5,6,7,8,9", string.Join(",", names.DenseValues()));
    }

    [TestMethod]
    public void Each_split_reads_its_own_files()
    {
        Load();
        Write("t10k-images-idx3-ubyte", IdxBytes.Images(3), gzip: false);
        Write("t10k-labels-idx1-ubyte", IdxBytes.Labels(3), gzip: false);

        Assert.AreEqual(3, mlContext.Focus.Data.LoadMnist(folder.Path, MnistSplit.Test).GetRowCount());
        Assert.AreEqual(Rows, mlContext.Focus.Data.LoadMnist(folder.Path, MnistSplit.Train).GetRowCount());
    }

    [TestMethod]
    public void Shuffling_gives_every_row_once_in_an_order_that_the_seed_decides()
    {
        var view = Load();

        var order = Ids(view.GetRowCursor(view.Schema, new Random(5)));

        Assert.IsTrue(view.CanShuffle);
        CollectionAssert.AreEqual(order, Ids(view.GetRowCursor(view.Schema, new Random(5))));
        CollectionAssert.AreNotEqual(order, Ids(view.GetRowCursor(view.Schema, new Random(6))));
        CollectionAssert.AreEqual(Enumerable.Range(0, Rows).ToArray(), order.Order().ToArray());
    }

    [TestMethod]
    public void A_shuffled_row_keeps_its_own_values()
    {
        var view = Load();
        using var cursor = view.GetRowCursor(view.Schema, new Random(5));
        var id = cursor.GetIdGetter();
        var label = cursor.GetGetter<uint>(view.Schema["Label"]);
        while (cursor.MoveNext())
        {
            DataViewRowId row = default;
            uint value = 0;
            id(ref row);
            label(ref value);
            Assert.AreEqual(IdxBytes.Label((int)row.Low) + 1u, value);
        }
    }

    [TestMethod]
    [DataRow(1, false)]
    [DataRow(3, false)]
    [DataRow(3, true)]
    [DataRow(100, false)]
    public void Parallel_cursors_share_the_rows_and_their_batches_restore_the_order(int cursors, bool shuffle)
    {
        var view = Load();
        var expected = Ids(view.GetRowCursor(view.Schema, shuffle ? new Random(1) : null));

        var set = view.GetRowCursorSet(view.Schema, cursors, shuffle ? new Random(1) : null);

        Assert.IsLessThanOrEqualTo(cursors, set.Length);
        var merged = set.SelectMany(Batches).OrderBy(pair => pair.Batch).Select(pair => pair.Row).ToArray();
        CollectionAssert.AreEqual(expected, merged);
    }

    [TestMethod]
    public void Positions_count_from_0_and_are_minus_1_before_and_after()
    {
        var view = Load();
        using var cursor = view.GetRowCursor([]);
        Assert.AreEqual(-1, cursor.Position);
        for (var row = 0; row < Rows; row++)
        {
            Assert.IsTrue(cursor.MoveNext());
            Assert.AreEqual(row, cursor.Position);
        }
        Assert.IsFalse(cursor.MoveNext());
        Assert.IsFalse(cursor.MoveNext());
        Assert.AreEqual(-1, cursor.Position);
    }

    [TestMethod]
    public void Only_columns_that_were_asked_for_can_be_read_and_only_as_their_type()
    {
        var view = Load();
        using var cursor = view.GetRowCursor([view.Schema["Label"]]);

        Assert.IsFalse(cursor.IsColumnActive(view.Schema["Features"]));
        Assert.ThrowsExactly<InvalidOperationException>(() => cursor.GetGetter<VBuffer<float>>(view.Schema["Features"]));
        Assert.ThrowsExactly<InvalidOperationException>(() => cursor.GetGetter<float>(view.Schema["Label"]));
    }

    [TestMethod]
    public void The_real_data_have_the_known_size_and_label_counts()
    {
        var real = SharedData.Require("data/mnist");

        var test = mlContext.Focus.Data.LoadMnist(real, MnistSplit.Test);
        var train = mlContext.Focus.Data.LoadMnist(real, MnistSplit.Train);

        Assert.AreEqual(60_000, train.GetRowCount());
        // The published numbers of test images per digit.
        int[] expected = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009];
        CollectionAssert.AreEqual(expected, test.GetColumn<uint>("Label").CountBy(key => key).OrderBy(pair => pair.Key).Select(pair => pair.Value).ToArray());
    }

    private IDataView Load()
    {
        Write("train-images-idx3-ubyte", IdxBytes.Images(Rows), gzip: false);
        Write("train-labels-idx1-ubyte", IdxBytes.Labels(Rows), gzip: false);
        return mlContext.Focus.Data.LoadMnist(folder.Path, MnistSplit.Train);
    }

    private void Write(string name, byte[] bytes, bool gzip) => File.WriteAllBytes(folder.File(name), gzip ? IdxBytes.Gzip(bytes) : bytes);

    private static int[] Ids(DataViewRowCursor cursor) => [.. Batches(cursor).Select(pair => pair.Row)];

    private static IEnumerable<(long Batch, int Row)> Batches(DataViewRowCursor cursor)
    {
        using (cursor)
        {
            var getter = cursor.GetIdGetter();
            DataViewRowId id = default;
            while (cursor.MoveNext())
            {
                getter(ref id);
                yield return (cursor.Batch, (int)id.Low);
            }
        }
    }
}
