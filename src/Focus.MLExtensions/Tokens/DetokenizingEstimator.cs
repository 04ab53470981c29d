using Microsoft.ML;

namespace Focus;

/// <summary>Makes text of tokens: the inverse of <see cref="TokenizingEstimator"/>.</summary>
/// <remarks>Input: a vector of Int32. Output: text.</remarks>
public sealed class DetokenizingEstimator : IEstimator<DetokenizingTransformer>
{
    private readonly string outputColumnName, inputColumnName;
    private readonly TokenizerDescription? tokenizer;

    /// <param name="outputColumnName">The column to make.</param>
    /// <param name="inputColumnName">The column of tokens, or null for the same name.</param>
    /// <param name="tokenizer">The tokenizer, or null for a character tokenizer whose vocabulary the column of tokens carries.</param>
    internal DetokenizingEstimator(string outputColumnName, string? inputColumnName, TokenizerDescription? tokenizer)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        (this.outputColumnName, this.inputColumnName) = (outputColumnName, inputColumnName ?? outputColumnName);
        ArgumentException.ThrowIfNullOrEmpty(this.inputColumnName, nameof(inputColumnName));
        this.tokenizer = tokenizer;
    }

    /// <summary>Finds the vocabulary; there is nothing to learn.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The token column is missing, of the wrong type, or lacks the vocabulary that is
    /// needed.</exception>
    public DetokenizingTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var column = TokenColumn.Find(input.Schema, inputColumnName);
        var found = tokenizer ?? TokenizerDescription.Of(column);
        if (found is null || (tokenizer is null && found.Vocabulary is null)) throw LacksVocabulary();
        return new DetokenizingTransformer(new TokenizingConfiguration(outputColumnName, inputColumnName, found));
    }

    /// <summary>The columns of the output: those of the input and that of the text.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The token column is missing, of the wrong type, or lacks the vocabulary that is
    /// needed.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        var column = TokenColumn.Find(inputSchema, inputColumnName);
        if (tokenizer is null && !TokenizerDescription.HasVocabulary(column)) throw LacksVocabulary();
        return SchemaColumns.Append(inputSchema, [DetokenizingTransformer.OutputColumn(outputColumnName)]);
    }

    private ArgumentOutOfRangeException LacksVocabulary() => SchemaColumns.Mismatch(
        "token", inputColumnName, "a column with the vocabulary of TokenizeCharacters", "none; give DetokenizeCharacters the tokenizer");
}
