using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>Makes tokens of text, with a tokenizer that is given or whose vocabulary is learned.</summary>
/// <remarks>Input: a text column. Output: a vector of Int32 of varying length, the token ids in the order of the text; none for an empty
/// text.</remarks>
public sealed class TokenizingEstimator : IEstimator<TokenizingTransformer>
{
    private readonly string outputColumnName, inputColumnName;
    private readonly TokenizerDescription example;
    private readonly Func<IEnumerable<string>, TokenizerDescription>? learn;

    private TokenizingEstimator(
        string outputColumnName, string? inputColumnName, TokenizerDescription example,
        Func<IEnumerable<string>, TokenizerDescription>? learn)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        (this.outputColumnName, this.inputColumnName) = (outputColumnName, inputColumnName ?? outputColumnName);
        ArgumentException.ThrowIfNullOrEmpty(this.inputColumnName, nameof(inputColumnName));
        (this.example, this.learn) = (example, learn);
    }

    /// <summary>Learns the vocabulary, where there is one to learn.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The text column is missing or of the wrong type.</exception>
    /// <exception cref="InvalidOperationException">A vocabulary is to be learned from data without any text.</exception>
    public TokenizingTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var column = TextColumn.Find(input.Schema, inputColumnName);
        var tokenizer = learn is null ? example : learn(input.GetColumn<string>(column));
        return new TokenizingTransformer(new TokenizingConfiguration(outputColumnName, inputColumnName, tokenizer));
    }

    /// <summary>The columns of the output: those of the input and that of the tokens.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The text column is missing or of the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        TextColumn.Check(inputSchema, inputColumnName);
        return SchemaColumns.Append(inputSchema, [TokenizingTransformer.OutputColumn(outputColumnName, example)]);
    }

    internal static TokenizingEstimator Gpt2(string outputColumnName, string? inputColumnName)
        => new(outputColumnName, inputColumnName, TokenizerDescription.Gpt2, learn: null);

    internal static TokenizingEstimator Characters(string outputColumnName, string? inputColumnName)
        => new(outputColumnName, inputColumnName, TokenizerDescription.AnyCharacters, LearnCharacters);

    private static TokenizerDescription LearnCharacters(IEnumerable<string> texts)
    {
        var vocabulary = CharacterTokenizer.Learn(texts).Vocabulary;
        return vocabulary.Count > 0
            ? TokenizerDescription.Characters(vocabulary)
            : throw new InvalidOperationException(
                "There are no characters to learn a vocabulary from: the data has no rows, or their texts are empty.");
    }
}
