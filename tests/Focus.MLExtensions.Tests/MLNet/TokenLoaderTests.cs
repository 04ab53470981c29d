using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Focus.Tests;

[TestClass]
public sealed class TokenLoaderTests
{
    private readonly TemporaryFolder folder = new();
    private readonly MLContext mlContext = new();

    [TestCleanup]
    public void Cleanup() => folder.Dispose();

    [TestMethod]
    [DataRow(TokenWidth.UInt16)]
    [DataRow(TokenWidth.UInt32)]
    public void Rows_are_the_tokens_in_order_and_the_last_row_is_what_remains(TokenWidth width)
    {
        var tokens = Enumerable.Range(60_000, 100).ToArray();
        var view = mlContext.Focus.Data.LoadTokens(Write(tokens, width), width, rowLength: 32);

        var rows = view.GetColumn<int[]>("Tokens").ToArray();

        Assert.AreEqual(4, view.GetRowCount());
        CollectionAssert.AreEqual(new[] { 32, 32, 32, 4 }, rows.Select(row => row.Length).ToArray());
        CollectionAssert.AreEqual(tokens, rows.SelectMany(row => row).ToArray());
    }

    [TestMethod]
    public void Shuffled_and_parallel_cursors_visit_each_row_once()
    {
        var view = mlContext.Focus.Data.LoadTokens(Write([.. Enumerable.Range(0, 500)], TokenWidth.UInt16), rowLength: 1);

        var seen = new List<int>();
        foreach (var cursor in view.GetRowCursorSet(view.Schema, 3, new Random(1)))
        {
            using (cursor)
            {
                var getter = cursor.GetGetter<VBuffer<int>>(view.Schema["Tokens"]);
                VBuffer<int> row = default;
                while (cursor.MoveNext())
                {
                    getter(ref row);
                    seen.Add(row.GetValues()[0]);
                }
            }
        }

        CollectionAssert.AreNotEqual(Enumerable.Range(0, 500).ToArray(), seen);
        CollectionAssert.AreEqual(Enumerable.Range(0, 500).ToArray(), seen.Order().ToArray());
    }

    [TestMethod]
    public void Files_and_lengths_that_do_not_fit_are_refused_at_once()
    {
        File.WriteAllBytes(folder.File("odd.bin"), [1, 0, 2]);
        StringAssert.Contains(
            Assert.Throws<InvalidDataException>(() => mlContext.Focus.Data.LoadTokens(folder.File("odd.bin"))).Message, "odd.bin");
        Assert.Throws<FileNotFoundException>(() => mlContext.Focus.Data.LoadTokens(folder.File("none.bin")));
        var path = Write([1, 2], TokenWidth.UInt16);
        StringAssert.Contains(
            Assert.Throws<ArgumentOutOfRangeException>(() => mlContext.Focus.Data.LoadTokens(path, rowLength: 0)).Message,
            "rowLength is 0");
        Assert.Throws<ArgumentOutOfRangeException>(() => mlContext.Focus.Data.LoadTokens(path, (TokenWidth)3));
    }

    [TestMethod]
    [DataRow(12, 0)]
    [DataRow(100, 1)]
    public void Ids_far_below_the_vocabulary_are_a_warning(int vocabularySize, int warnings)
    {
        var log = new LogCollector(mlContext, ChannelMessageKind.Warning);
        var path = Write([.. Enumerable.Range(0, 200).Select(i => i % 12)], TokenWidth.UInt16);
        var options = TinyGpt2.Quick with { MaxSteps = 1, Model = TinyGpt2.Model with { VocabularySize = vocabularySize } };

        mlContext.Focus.Gpt2Pretrainer(options).Fit(mlContext.Focus.Data.LoadTokens(path));

        Assert.AreEqual(warnings, log.Messages.Count(message => message.Contains("11") && message.Contains($"{vocabularySize}")));
    }

    private string Write(int[] tokens, TokenWidth width)
    {
        using var writer = new BinaryWriter(File.Create(folder.File("tokens.bin")));
        foreach (var token in tokens)
            if (width == TokenWidth.UInt16) writer.Write((ushort)token);
            else writer.Write((uint)token);
        return folder.File("tokens.bin");
    }
}
