using System.Runtime.InteropServices;
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
