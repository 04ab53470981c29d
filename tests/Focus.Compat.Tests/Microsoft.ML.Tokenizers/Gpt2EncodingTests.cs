using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using Focus.Tests;
using Microsoft.ML.Tokenizers;

namespace Focus.Compat.Tests.Tokenizers;

/// <summary>What holds for any text, and what the options of encoding do.</summary>
[TestClass]
public class Gpt2EncodingTests
{
    private static readonly Regex _words =
        new(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", RegexOptions.CultureInvariant);

    private static TiktokenTokenizer Gpt2 => Gpt2Tokenizer.Require();

    [TestMethod]
    public void RandomTextIsSplitByThePattern()
    {
        var random = new Random(1);
        for (var i = 0; i < 1000; i++) AssertSplitByThePattern(RandomText.Of(random, random.Next(1, 30)));
    }

    [TestMethod]
    public void EveryCharacterIsSplitByThePattern()
    {
        for (var c = 0; c <= char.MaxValue; c += 16)
        {
            var text = new StringBuilder();
            for (var offset = 0; offset < 16; offset++) text.Append($"a{(char)(c + offset)}1 {(char)(c + offset)} {(char)(c + offset)}b");
            AssertSplitByThePattern(text.ToString());
        }
    }

    [TestMethod]
    public void RandomTextComesBack()
    {
        var random = new Random(2);
        for (var i = 0; i < 1000; i++)
        {
            var text = RandomText.Of(random, random.Next(1, 60));
            var ids = Gpt2.EncodeToIds(text);
            Assert.AreEqual(text, Gpt2.Decode(ids));
            AssertDecodesInto(text, ids);
        }
    }

    [TestMethod]
    public void LongRunsComeBack()
    {
        foreach (var piece in new[] { "a", " ", "\n", "=", "日", "🙂", "ab" })
        {
            var text = new StringBuilder().Insert(0, piece, 5000).ToString();
            Assert.AreEqual(text, Gpt2.Decode(Gpt2.EncodeToIds(text)));
        }
    }

    [TestMethod]
    public void HalfASurrogatePairIsEncodedInThreeBytes()
    {
        const string text = "a\uD83Db \uDE42";
        var ids = Gpt2.EncodeToIds(text);

        Assert.AreEqual("a\uFFFD\uFFFD\uFFFDb \uFFFD\uFFFD\uFFFD", Gpt2.Decode(ids));
        AssertDecodesInto(text, ids);
    }

    [TestMethod]
    public void NothingIsNoTokens()
    {
        Assert.IsEmpty(Gpt2.EncodeToIds(""));
        Assert.AreEqual(0, Gpt2.CountTokens(""));
        Assert.AreEqual("", Gpt2.Decode([]));
    }

    [TestMethod]
    public void CountsAndSpansAgreeWithIds()
    {
        const string text = "It's counted, whether as a string or a span: 12 🙂\n\n";
        var ids = Gpt2.EncodeToIds(text);

        Assert.AreEqual(ids.Count, Gpt2.CountTokens(text));
        CollectionAssert.AreEqual(ids.ToArray(), Gpt2.EncodeToIds(text.AsSpan()).ToArray());
    }

    [TestMethod]
    public void TokensCoverTheirCharacters()
    {
        const string text = "naïve mixed😀<|endoftext|>";
        var tokens = Gpt2.EncodeToTokens(text, out var normalized);

        Assert.IsNull(normalized);
        string[] values = ["na", "ïve", " mixed", "😀", "😀", "<|endoftext|>"];
        Range[] offsets = [0..2, 2..5, 5..11, 11..13, 11..13, 13..26];
        CollectionAssert.AreEqual(values, tokens.Select(token => token.Value).ToArray());
        CollectionAssert.AreEqual(offsets, tokens.Select(token => token.Offset).ToArray());
        CollectionAssert.AreEqual(Gpt2.EncodeToIds(text).ToArray(), tokens.Select(token => token.Id).ToArray());
    }

    [TestMethod]
    public void ALimitEndsBetweenCharacters()
    {
        const string text = "naïve 🙂🙂 end<|endoftext|> 日本 unbelievableness";
        for (var limit = 1; limit <= Gpt2.CountTokens(text); limit++)
        {
            var ids = Gpt2.EncodeToIds(text, limit, out _, out var consumed);
            Assert.IsLessThanOrEqualTo(limit, ids.Count);
            Assert.AreEqual(text[..consumed], Gpt2.Decode(ids));
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => Gpt2.EncodeToIds(text, 0, out _, out _));
    }

    [TestMethod]
    public void ThreadsMayShareATokenizer()
    {
        var random = new Random(3);
        var texts = Enumerable.Range(0, 400).Select(_ => RandomText.Of(random, 100)).ToArray();
        var expected = texts.Select(text => Gpt2.EncodeToIds(text).ToArray()).ToArray();

        Parallel.For(0, texts.Length * 4, i =>
            CollectionAssert.AreEqual(expected[i % texts.Length], Gpt2.EncodeToIds(texts[i % texts.Length]).ToArray()));
    }

    private void AssertSplitByThePattern(string text)
    {
        var expected = _words.Matches(text).SelectMany(word => Gpt2.EncodeToIds(word.Value, considerPreTokenization: false)).ToArray();
        CollectionAssert.AreEqual(expected, Gpt2.EncodeToIds(text).ToArray(), text);
    }

    private void AssertDecodesInto(string text, IReadOnlyList<int> ids)
    {
        var destination = new char[text.Length];
        Assert.AreEqual(OperationStatus.Done, Gpt2.Decode(ids, destination, out var idsConsumed, out var charsWritten));
        Assert.AreEqual((ids.Count, text.Length, text), (idsConsumed, charsWritten, new string(destination)));
    }
}
