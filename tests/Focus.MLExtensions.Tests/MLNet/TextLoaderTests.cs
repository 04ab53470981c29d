using System.IO.Compression;
using System.Text;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Focus.Tests;

[TestClass]
public sealed class TextLoaderTests
{
    private readonly TemporaryFolder folder = new();
    private readonly MLContext mlContext = new();

    [TestInitialize]
    public void WriteCorpus()
    {
        Directory.CreateDirectory(folder.File("inner"));
        File.WriteAllText(folder.File("b.txt"), "First line.\r\n\r\nÜber ∑ 🙂");
        File.WriteAllText(folder.File(Path.Combine("inner", "c.txt")), "Below", new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        File.WriteAllText(folder.File("a.md"), "not text by name");
    }

    [TestCleanup]
    public void Cleanup() => folder.Dispose();

    [TestMethod]
    public void Each_file_that_matches_is_a_row_with_its_source()
    {
        var view = mlContext.Focus.Data.LoadText(folder.File("**/*.txt"));

        CollectionAssert.AreEqual(new[] { "First line.\n\nÜber ∑ 🙂", "Below" }, Texts(view));
        CollectionAssert.AreEqual(
            new[] { folder.File("b.txt"), folder.File(Path.Combine("inner", "c.txt")) }, view.GetColumn<string>("Source").ToArray());
        Assert.IsNull(view.GetRowCount());
        Assert.AreEqual(TextDataViewType.Instance, view.Schema["Text"].Type);
    }

    [TestMethod]
    public void Each_line_that_is_not_blank_is_a_row_where_lines_are_asked_for()
    {
        var view = mlContext.Focus.Data.LoadText(folder.File("b.txt"), perLine: true);

        CollectionAssert.AreEqual(new[] { "First line.", "Über ∑ 🙂" }, Texts(view));
        StringAssert.EndsWith(view.GetColumn<string>("Source").Last(), "b.txt:3");
    }

    [TestMethod]
    public void Several_paths_are_read_in_their_order()
        => CollectionAssert.AreEqual(
            new[] { "Below", "not text by name" },
            Texts(mlContext.Focus.Data.LoadText([folder.File("inner"), folder.File("a.md")])));

    [TestMethod]
    public void Files_are_read_anew_for_each_cursor_and_not_before()
    {
        var view = mlContext.Focus.Data.LoadText(folder.File("b.txt"));
        File.WriteAllText(folder.File("b.txt"), "one");
        CollectionAssert.AreEqual(new[] { "one" }, Texts(view));
        File.WriteAllText(folder.File("b.txt"), "two");
        CollectionAssert.AreEqual(new[] { "two" }, Texts(view));
    }

    [TestMethod]
    public void Cursors_give_the_columns_asked_for_and_row_ids()
    {
        var view = mlContext.Focus.Data.LoadText(folder.File("b.txt"), perLine: true);
        using var cursor = view.GetRowCursor([view.Schema["Source"]]);

        Assert.IsTrue(cursor.IsColumnActive(view.Schema["Source"]));
        Assert.IsFalse(cursor.IsColumnActive(view.Schema["Text"]));
        StringAssert.Contains(
            Assert.Throws<InvalidOperationException>(() => cursor.GetGetter<ReadOnlyMemory<char>>(view.Schema["Text"])).Message, "'Text'");
        StringAssert.Contains(
            Assert.Throws<InvalidOperationException>(() => cursor.GetGetter<int>(view.Schema["Source"])).Message, "'Source'");

        var id = cursor.GetIdGetter();
        DataViewRowId row = default;
        Assert.AreEqual(-1, cursor.Position);
        for (var i = 0; i < 2; i++)
        {
            Assert.IsTrue(cursor.MoveNext());
            id(ref row);
            Assert.AreEqual(i, cursor.Position);
            Assert.AreEqual((ulong)i, row.Low);
        }
        Assert.IsFalse(cursor.MoveNext());
        Assert.AreEqual(-1, cursor.Position);
    }

    [TestMethod]
    public void Documents_that_are_not_text_are_left_out_and_reported_with_their_number()
    {
        File.WriteAllBytes(folder.File("aa.txt"), [0x41, 0xFF, 0x42]);
        var log = new LogCollector(mlContext, ChannelMessageKind.Warning);

        Assert.HasCount(1, Texts(mlContext.Focus.Data.LoadText(folder.File("*.txt"))));

        Assert.HasCount(2, log.Messages);
        StringAssert.Contains(log.Messages[0], folder.File("aa.txt"));
        StringAssert.Contains(log.Messages[1], "1 broken");
        StringAssert.Contains(log.Messages[1], "1 were read");
    }

    [TestMethod]
    public void Where_nothing_is_text_the_first_fault_is_named()
    {
        File.WriteAllBytes(folder.File("b.txt"), [0x41, 0xFF, 0x42]);

        var error = Assert.Throws<InvalidDataException>(() => Texts(mlContext.Focus.Data.LoadText(folder.File("*.txt"))));

        StringAssert.Contains(error.Message, $"{folder.File("b.txt")}: not UTF-8: found FF at offset 1");
    }

    [TestMethod]
    public void Json_lines_of_a_web_corpus_are_rows_plain_or_packed()
    {
        var lines = "{\"text\": \"One\"}\n{\"title\": \"no text\"}\n{\"text\": \"Two\\nlines\"}\n"u8;
        File.WriteAllBytes(folder.File("plain.jsonl"), lines.ToArray());
        using (var packed = new GZipStream(File.Create(folder.File("packed.jsonl.gz")), CompressionLevel.Fastest)) packed.Write(lines);
        var log = new LogCollector(mlContext, ChannelMessageKind.Warning);

        CollectionAssert.AreEqual(new[] { "One", "Two\nlines" }, Texts(mlContext.Focus.Data.LoadOpenWebText(folder.File("plain.jsonl"))));
        CollectionAssert.AreEqual(new[] { "One", "Two\nlines" },
            Texts(mlContext.Focus.Data.LoadOpenWebText(folder.File("packed.jsonl.gz"))));

        Assert.IsTrue(log.Messages.Any(message => message.Contains("plain.jsonl:2", StringComparison.Ordinal)),
            string.Join('\n', log.Messages));
    }

    [TestMethod]
    public void What_is_not_there_is_named()
    {
        StringAssert.Contains(
            Assert.Throws<FileNotFoundException>(() => mlContext.Focus.Data.LoadText(folder.File("none.txt"))).Message, "none.txt");
        Assert.Throws<FileNotFoundException>(() => mlContext.Focus.Data.LoadText(folder.File("**/*.log")));
        Assert.Throws<FileNotFoundException>(() => mlContext.Focus.Data.LoadOpenWebText(folder.File("none.tar")));
        Assert.Throws<ArgumentException>(() => mlContext.Focus.Data.LoadText([]));
    }

    private static string[] Texts(IDataView view) => [.. view.GetColumn<string>("Text")];
}
