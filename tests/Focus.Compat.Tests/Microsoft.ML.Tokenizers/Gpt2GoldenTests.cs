using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Focus.Tests;

namespace Focus.Compat.Tests.Tokenizers;

/// <summary>The ids are those of OpenAI's GPT-2.</summary>
[TestClass]
public class Gpt2GoldenTests
{
    private const int EndOfText = 50256;

    [TestMethod]
    public void TextsHaveTheGoldenIdsAndComeBack()
    {
        var tokenizer = Gpt2Tokenizer.Require();
        foreach (var golden in Golden().GetProperty("cases").EnumerateArray())
        {
            var text = golden.GetProperty("text").GetString()!;
            var ids = golden.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()).ToArray();

            CollectionAssert.AreEqual(ids, tokenizer.EncodeToIds(text).ToArray(), text);
            Assert.AreEqual(text, tokenizer.Decode(ids));
        }
    }

    [TestMethod]
    public void FilesHaveTheGoldenIdsAndComeBack()
    {
        var tokenizer = Gpt2Tokenizer.Require();
        foreach (var golden in Golden().GetProperty("files").EnumerateObject())
        {
            var text = File.ReadAllText(SharedData.Require(golden.Name));
            var ids = tokenizer.EncodeToIds(text);

            Assert.HasCount(golden.Value.GetProperty("tokens").GetInt32(), ids);
            var digest = SHA256.HashData(MemoryMarshal.AsBytes(ids.Select(id => (ushort)id).ToArray().AsSpan()));
            Assert.AreEqual(golden.Value.GetProperty("sha256_uint16_le").GetString(), Convert.ToHexStringLower(digest), golden.Name);
            Assert.AreEqual(text, tokenizer.Decode(ids));
        }
    }

    [TestMethod]
    public void EveryTokenHasItsIdAndBytes()
    {
        var tokenizer = Gpt2Tokenizer.Require();
        var tokens = Tokens();

        Assert.HasCount(EndOfText, tokens);
        foreach (var (bytes, id) in tokens)
        {
            var text = Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(bytes));
            Assert.AreEqual(text, tokenizer.Decode([id]));
            if (!text.Contains('\uFFFD')) Assert.AreEqual(id, tokenizer.EncodeToIds(text, considerPreTokenization: false).Single());
        }
    }

    [TestMethod]
    [DataRow(20, 500)]
    [DataRow(300, 20)]
    public void UnsplitTextIsMergedLowestRankFirst(int length, int count)
    {
        var tokenizer = Gpt2Tokenizer.Require();
        var tokens = Tokens();
        var random = new Random(7);
        for (var i = 0; i < count; i++)
        {
            var text = RandomText.Of(random, random.Next(1, length));
            CollectionAssert.AreEqual(Merge(text, tokens), tokenizer.EncodeToIds(text, considerPreTokenization: false).ToArray(), text);
        }
    }

    /// <summary>Byte-pair encoding as it is defined; bytes are written as Latin-1.</summary>
    private static int[] Merge(string text, Dictionary<string, int> tokens)
    {
        var parts = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text)).Select(c => c.ToString()).ToList();
        while (true)
        {
            var ranks = parts.Zip(parts.Skip(1), (left, right) => tokens.GetValueOrDefault(left + right, int.MaxValue)).ToList();
            if (ranks.Count == 0 || ranks.Min() == int.MaxValue) return [.. parts.Select(part => tokens[part])];

            var best = ranks.IndexOf(ranks.Min());
            parts[best] += parts[best + 1];
            parts.RemoveAt(best + 1);
        }
    }

    /// <summary>The ids of tokens, whose bytes are written as Latin-1.</summary>
    private static Dictionary<string, int> Tokens() => File.ReadLines(SharedData.Require("data/gpt2/gpt2.tiktoken"))
        .Select(line => line.Split(' '))
        .ToDictionary(parts => Encoding.Latin1.GetString(Convert.FromBase64String(parts[0])), parts => int.Parse(parts[1]));

    private static JsonElement Golden() =>
        JsonDocument.Parse(File.ReadAllText(SharedData.Require("golden/tokens.json"))).RootElement;
}
