using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.ML.Tokenizers;

namespace Focus.Tests;

[TestClass]
public class Gpt2TokensTests
{
    private const string EndOfText = "<|endoftext|>";

    private static readonly Tokenizer Tokenizer = NamedTokenizer.Gpt2().Tokenizer;

    [TestMethod]
    public void TheLastTokenEndsAText()
    {
        Assert.AreEqual(EndOfText, Tokenizer.Decode([Gpt2Tokens.EndOfText]));
        Assert.AreEqual("", Tokenizer.Decode([Gpt2Tokens.Count]));
        Assert.AreNotEqual("", Tokenizer.Decode([Gpt2Tokens.Count - 1]));
    }

    [TestMethod]
    public void TheEndOfTextSpelledInATextIsOrdinaryCharacters()
    {
        CollectionAssert.AreEqual(new[] { 64, 27, 91, 437, 1659, 5239, 91, 29, 65 }, Tokenizer.EncodeToIds("a<|endoftext|>b").ToArray());
        Assert.AreEqual("a<|endoftext|>b", Tokenizer.Decode([64, Gpt2Tokens.EndOfText, 65]));
    }

    [TestMethod]
    public void InAPromptTheEndOfTextIsOneToken()
    {
        CollectionAssert.AreEqual(new[] { 64, Gpt2Tokens.EndOfText, 65 }, Gpt2Tokens.EncodePrompt("a<|endoftext|>b").ToArray());
        CollectionAssert.AreEqual(
            new[] { Gpt2Tokens.EndOfText, Gpt2Tokens.EndOfText, 27, 91 }, Gpt2Tokens.EncodePrompt("<|endoftext|><|endoftext|><|").ToArray());
        Assert.IsEmpty(Gpt2Tokens.EncodePrompt(""));
    }

    [TestMethod]
    public void LongRunsHaveTheIdsOfTheTokenizer()
    {
        const string Letters = "etaoin shrdlu-.,'ßé漢字語🎈\n\t0123456789";
        var random = new Random(1);
        for (var length = 200; length < 1200; length += 50)
        {
            var letters = new string([.. Enumerable.Range(0, length).Select(_ => (char)('a' + random.Next(26)))]);
            var chinese = new string([.. Enumerable.Range(0, length).Select(_ => (char)('一' + random.Next(4000)))]);
            var mixed = string.Concat(Enumerable.Range(0, length).Select(_ => Letters.EnumerateRunes().ElementAt(random.Next(30))));
            foreach (var text in new[] { letters, chinese, $"It's {letters}\n\n {mixed}", $"a{new string(' ', length)}b", $"\n\n{chinese}'s{new string('=', length)}" })
                CollectionAssert.AreEqual(Tokenizer.EncodeToIds(text).ToArray(), Gpt2Tokens.EncodePrompt(text).ToArray(), text);
        }
    }

    [TestMethod]
    [Timeout(60_000, CooperativeCancellation = false)] // The time was quadratic: a quarter of an hour.
    public void AMillionCharactersWithoutABlankComeBack()
    {
        foreach (var text in new[] { string.Concat(Enumerable.Repeat("GATTACA", 150_000)), "!" + string.Concat(Enumerable.Repeat("🎈", 525_000)) })
            Assert.AreEqual(text, Tokenizer.Decode(NamedTokenizer.Gpt2().EncodeToIds(text)));
    }

    [TestMethod]
    public void TextsHaveTheGoldenIdsAndComeBack()
    {
        foreach (var golden in Golden().GetProperty("cases").EnumerateArray()
            .Where(golden => !golden.GetProperty("text").GetString()!.Contains(EndOfText))) // Those are for prompts: see the test above.
        {
            var text = golden.GetProperty("text").GetString()!;
            var ids = golden.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()).ToArray();

            CollectionAssert.AreEqual(ids, Tokenizer.EncodeToIds(text).ToArray(), text);
            Assert.AreEqual(text, Tokenizer.Decode(ids));
        }
    }

    [TestMethod]
    public void FilesHaveTheGoldenIdsAndComeBack()
    {
        foreach (var golden in Golden().GetProperty("files").EnumerateObject())
        {
            var text = File.ReadAllText(SharedData.Require(golden.Name));
            var ids = Tokenizer.EncodeToIds(text);

            Assert.HasCount(golden.Value.GetProperty("tokens").GetInt32(), ids);
            var digest = SHA256.HashData(MemoryMarshal.AsBytes(ids.Select(id => (ushort)id).ToArray().AsSpan()));
            Assert.AreEqual(golden.Value.GetProperty("sha256_uint16_le").GetString(), Convert.ToHexStringLower(digest), golden.Name);
            Assert.AreEqual(text, Tokenizer.Decode(ids));
        }
    }

    private static JsonElement Golden() => JsonDocument.Parse(File.ReadAllText(SharedData.Golden("tokens.json"))).RootElement;
}
