using System.Buffers;

namespace Focus.Tests;

[TestClass]
public class CharacterTokenizerTests
{
    private const string Text = "To be 🙂,\nor not to be";

    private readonly CharacterTokenizer tokenizer = CharacterTokenizer.Learn([Text[..8], Text[8..]]);

    [TestMethod]
    public void CharactersAreNumberedByCodePoint()
    {
        CollectionAssert.AreEqual(new[] { "\n", " ", ",", "T", "b", "e", "n", "o", "r", "t", "🙂" }, tokenizer.Vocabulary.ToArray());
        CollectionAssert.AreEqual(new[] { 3, 7, 1, 4, 5, 1, 10, 2 }, tokenizer.EncodeToIds("To be 🙂,").ToArray());
        Assert.AreEqual(11, tokenizer.Count);
    }

    [TestMethod]
    public void CharactersOfACorpusAreThoseOfWhatCanBeRead()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a.txt", "ab🙂");
        var broken = folder.Write("b.txt", [.. "xy"u8, 0xFF]);

        var learned = CharacterTokenizer.Learn(TextDocuments.FromFiles(folder.Path));
        CollectionAssert.AreEqual(new[] { "a", "b", "🙂" }, learned.Vocabulary.ToArray());
        var error = Assert.Throws<InvalidDataException>(() => CharacterTokenizer.Learn(TextDocuments.FromFiles(broken)));
        StringAssert.Contains(error.Message, $"{broken}: not UTF-8: found FF at offset 2");
        Assert.Throws<InvalidDataException>(() => CharacterTokenizer.Learn(TextDocuments.FromFiles(folder.Write("c.txt", ""))));
        Assert.Throws<OperationCanceledException>(
            () => CharacterTokenizer.Learn(TextDocuments.FromFiles(folder.Path), new CancellationToken(canceled: true)));
    }

    [TestMethod]
    public void TextComesBack()
    {
        var ids = tokenizer.EncodeToIds(Text);
        var destination = new char[Text.Length];

        Assert.AreEqual(Text, tokenizer.Decode(ids));
        Assert.AreEqual(OperationStatus.Done, tokenizer.Decode(ids, destination, out var idsConsumed, out var charsWritten));
        Assert.AreEqual((ids.Count, Text.Length, Text), (idsConsumed, charsWritten, new string(destination)));
        Assert.AreEqual(ids.Count, tokenizer.CountTokens(Text));
    }

    [TestMethod]
    public void AVocabularyMakesTheSameTokenizer()
    {
        var again = new CharacterTokenizer(tokenizer.Vocabulary);
        CollectionAssert.AreEqual(tokenizer.EncodeToIds(Text).ToArray(), again.EncodeToIds(Text).ToArray());
    }

    [TestMethod]
    public void TokensCoverTheirCharacters()
    {
        var tokens = tokenizer.EncodeToTokens("n🙂b", out _);
        CollectionAssert.AreEqual(new[] { 0..1, 1..3, 3..4 }, tokens.Select(token => token.Offset).ToArray());
        CollectionAssert.AreEqual(new[] { "n", "🙂", "b" }, tokens.Select(token => token.Value).ToArray());
    }

    [TestMethod]
    public void ALimitStopsEarly()
    {
        var ids = tokenizer.EncodeToIds("n🙂be", 2, out _, out var consumed);
        Assert.AreEqual((2, 3), (ids.Count, consumed));
    }

    [TestMethod]
    public void AnUnknownCharacterIsNamedWithItsPlace()
    {
        var error = Assert.Throws<ArgumentException>(() => tokenizer.EncodeToIds("be 🙂x"));
        StringAssert.Contains(error.Message, "'x' (U+0078) at position 5");
        error = Assert.Throws<ArgumentException>(() => tokenizer.EncodeToIds("be\t"));
        StringAssert.Contains(error.Message, "U+0009 at position 2");
    }

    [TestMethod]
    public void HalfASurrogatePairIsRefused()
    {
        var error = Assert.Throws<ArgumentException>(() => tokenizer.EncodeToIds("be\uD83Dbe"));
        StringAssert.Contains(error.Message, "At position 2 of the text is half of a surrogate pair, U+D83D");
        Assert.Throws<ArgumentException>(() => CharacterTokenizer.Learn(["a\uDE42"]));
    }

    [TestMethod]
    [DataRow(-1)]
    [DataRow(11)]
    public void AnUnknownIdIsRefused(int id)
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([0, id]));
        StringAssert.Contains(error.Message, $"id {id} is not in the vocabulary; expected 0 to 10");
        Assert.AreEqual(OperationStatus.InvalidData, tokenizer.Decode([0, id], new char[4], out var idsConsumed, out var charsWritten));
        Assert.AreEqual((1, 1), (idsConsumed, charsWritten));
    }

    [TestMethod]
    public void ASmallDestinationTakesWholeCharacters()
    {
        Assert.AreEqual(OperationStatus.DestinationTooSmall, tokenizer.Decode([4, 10], new char[2], out var idsConsumed, out var charsWritten));
        Assert.AreEqual((1, 1), (idsConsumed, charsWritten));
    }

    [TestMethod]
    [DataRow("ab", "Entry 1 of the vocabulary is 'ab'; expected one character.")]
    [DataRow("", "Entry 1 of the vocabulary is ''; expected one character.")]
    [DataRow("\uD83D", "expected one character.")]
    [DataRow("x", "Entries 0 and 1 of the vocabulary are both 'x' (U+0078).")]
    public void AVocabularyHoldsSingleCharactersOnce(string entry, string expected)
    {
        var error = Assert.Throws<ArgumentException>(() => new CharacterTokenizer(["x", entry]));
        StringAssert.Contains(error.Message, expected);
    }
}
