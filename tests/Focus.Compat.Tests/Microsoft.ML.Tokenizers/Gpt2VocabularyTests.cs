using System.Buffers;
using Focus.Tests;
using Microsoft.ML.Tokenizers;

namespace Focus.Compat.Tests.Tokenizers;

/// <summary>Special and unknown tokens, normalization, models there are and are not.</summary>
[TestClass]
public class Gpt2VocabularyTests
{
    private const int EndOfText = 50256;

    [TestMethod]
    public void TheEndOfATextIsOneToken()
    {
        var tokenizer = Gpt2Tokenizer.Require();

        CollectionAssert.AreEqual(new[] { 64, EndOfText, EndOfText, 65 }, tokenizer.EncodeToIds("a<|endoftext|><|endoftext|>b").ToArray());
        CollectionAssert.DoesNotContain(tokenizer.EncodeToIds("<|endoftext |>").ToArray(), EndOfText);
        CollectionAssert.AreEqual(new[] { EndOfText }, tokenizer.EncodeToIds("<|endoftext|>", considerPreTokenization: false).ToArray());
        CollectionAssert.DoesNotContain(tokenizer.EncodeToIds("a<|endoftext|>", considerPreTokenization: false).ToArray(), EndOfText);
        Assert.AreEqual("a<|endoftext|>", tokenizer.Decode([64, EndOfText]));
    }

    [TestMethod]
    public void SpacesBeforeASpecialTokenAreAWord()
    {
        var tokenizer = Gpt2Tokenizer.Require();
        int[] expected = [.. tokenizer.EncodeToIds("a  "), EndOfText, .. tokenizer.EncodeToIds(" b")];
        CollectionAssert.AreEqual(expected, tokenizer.EncodeToIds("a  <|endoftext|> b").ToArray());
    }

    [TestMethod]
    public void SpecialTokensCanBeAdded()
    {
        Gpt2Tokenizer.Require();
        var tokenizer = TiktokenTokenizer.CreateForModel("gpt2", new Dictionary<string, int> { ["<|mask|>"] = 50257, ["<|pad|>"] = 50258 });

        CollectionAssert.AreEqual(new[] { 64, 50258, 50257, EndOfText, 65 }, tokenizer.EncodeToIds("a<|pad|><|mask|><|endoftext|>b").ToArray());
        Assert.AreEqual("<|pad|>a<|mask|>", tokenizer.Decode([50258, 64, 50257]));
        Assert.Throws<ArgumentException>(() => TiktokenTokenizer.CreateForModel("gpt2", new Dictionary<string, int> { ["<|endoftext|>"] = 1 }));
    }

    [TestMethod]
    public void UnknownIdsAreLeftOutOfAStringAndRefusedIntoASpan()
    {
        var tokenizer = Gpt2Tokenizer.Require();
        int[] ids = [15496, 60000, -1, 995];

        Assert.AreEqual("Hello world", tokenizer.Decode(ids));
        Assert.AreEqual(OperationStatus.InvalidData, tokenizer.Decode(ids, new char[20], out var idsConsumed, out var charsWritten));
        Assert.AreEqual((1, 5), (idsConsumed, charsWritten));
    }

    [TestMethod]
    public void DecodingSaysWhatIsMissing()
    {
        var tokenizer = Gpt2Tokenizer.Require();
        int[] ids = [15496, .. tokenizer.EncodeToIds("🙂")];

        Assert.AreEqual(OperationStatus.NeedMoreData, tokenizer.Decode(ids[..2], new char[20], out var idsConsumed, out var charsWritten));
        Assert.AreEqual((1, 5), (idsConsumed, charsWritten));
        Assert.AreEqual(OperationStatus.DestinationTooSmall, tokenizer.Decode(ids, new char[6], out idsConsumed, out charsWritten));
        Assert.AreEqual((1, 5), (idsConsumed, charsWritten));
        Assert.Throws<ArgumentNullException>(() => tokenizer.Decode(null!));
    }

    [TestMethod]
    public void TextIsNormalizedWhereAsked()
    {
        var plain = Gpt2Tokenizer.Require();
        var tokenizer = TiktokenTokenizer.CreateForModel("gpt2", null, new Lowercase());

        CollectionAssert.AreEqual(plain.EncodeToIds("hello").ToArray(), tokenizer.EncodeToIds("HELLO").ToArray());
        CollectionAssert.AreEqual(plain.EncodeToIds("HELLO").ToArray(), tokenizer.EncodeToIds("HELLO", considerNormalization: false).ToArray());
        tokenizer.EncodeToTokens("HELLO", out var normalized);
        Assert.AreEqual("hello", normalized);
    }

    [TestMethod]
    public void ModelsAreFoundByNameInAnyCase()
    {
        Gpt2Tokenizer.Require();
        Assert.AreEqual(1, TiktokenTokenizer.CreateForModel("GPT-2").CountTokens("Hello"));
        Assert.Throws<NotSupportedException>(() => TiktokenTokenizer.CreateForModel("gpt2-large-ish"));
        Assert.Throws<ArgumentNullException>(() => TiktokenTokenizer.CreateForModel(null!));
    }

    private sealed class Lowercase : Normalizer
    {
        public override string Normalize(string original) => original.ToLowerInvariant();

        public override string Normalize(ReadOnlySpan<char> original) => Normalize(original.ToString());
    }
}
