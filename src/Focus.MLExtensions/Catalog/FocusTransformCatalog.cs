namespace Focus;

/// <summary>Transforms between text and tokens.</summary>
public sealed class FocusTransformCatalog
{
    internal FocusTransformCatalog()
    {
    }

    /// <summary>Makes tokens of text with GPT-2's byte-pair encoding (ML.NET's tokenizer for the model <c>gpt2</c>), of 50,257 tokens.</summary>
    /// <param name="outputColumnName">The column to make: a vector of Int32 of varying length.</param>
    /// <param name="inputColumnName">The column of text, or null for the same name.</param>
    /// <exception cref="ArgumentException">A name is empty.</exception>
    public TokenizingEstimator TokenizeGpt2(string outputColumnName, string? inputColumnName = null)
        => TokenizingEstimator.Gpt2(outputColumnName, inputColumnName);

    /// <summary>Makes text of GPT-2's tokens.</summary>
    /// <param name="outputColumnName">The column to make: text.</param>
    /// <param name="inputColumnName">The column of tokens, a vector of Int32; null for the same name.</param>
    /// <exception cref="ArgumentException">A name is empty.</exception>
    public DetokenizingEstimator DetokenizeGpt2(string outputColumnName, string? inputColumnName = null)
        => new(outputColumnName, inputColumnName, TokenizerDescription.Gpt2);

    /// <summary>Makes a token of each character, of the vocabulary of all characters in the data it is fitted to.</summary>
    /// <remarks><c>Fit</c> reads the data once. The transformer's <see cref="TokenizingTransformer.Tokenizer"/> is a
    /// <see cref="CharacterTokenizer"/>.</remarks>
    /// <param name="outputColumnName">The column to make: a vector of Int32 of varying length.</param>
    /// <param name="inputColumnName">The column of text, or null for the same name.</param>
    /// <exception cref="ArgumentException">A name is empty.</exception>
    public TokenizingEstimator TokenizeCharacters(string outputColumnName, string? inputColumnName = null)
        => TokenizingEstimator.Characters(outputColumnName, inputColumnName);

    /// <summary>Makes text of the tokens of characters.</summary>
    /// <param name="outputColumnName">The column to make: text.</param>
    /// <param name="inputColumnName">The column of tokens, a vector of Int32; null for the same name.</param>
    /// <param name="tokenizer">The tokenizer, or null for that of the column: columns that <see cref="TokenizeCharacters"/> made, and what
    /// a <see cref="Gpt2Transformer"/> made of them, carry their vocabulary.</param>
    /// <exception cref="ArgumentException">A name is empty.</exception>
    public DetokenizingEstimator DetokenizeCharacters(
        string outputColumnName, string? inputColumnName = null, CharacterTokenizer? tokenizer = null)
        => new(outputColumnName, inputColumnName, tokenizer is null ? null : TokenizerDescription.Characters(tokenizer.Vocabulary));
}
