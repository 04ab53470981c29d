using System.Buffers;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace Focus;

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
