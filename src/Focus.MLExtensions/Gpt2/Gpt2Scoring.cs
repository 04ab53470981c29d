using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>What a trained GPT-2 reads of a row and adds to it; with the model's own configuration, all of a model file but the
/// weights.</summary>
internal sealed record Gpt2Scoring(
    string TokenColumnName, string LossColumnName, string PerplexityColumnName, string ContinuationColumnName,
    int? Separator, int GenerateTokens, GenerationOptions Generation)
{
    /// <summary>The places of the added columns.</summary>
    public const int Loss = 0, Perplexity = 1, Continuation = 2;

    /// <param name="options">The pretrainer's options.</param>
    /// <param name="separator">The token that stands between rows, where there is one.</param>
    public static Gpt2Scoring Of(Gpt2Pretrainer.Options options, int? separator) => new(
        options.TokenColumnName, options.LossColumnName, options.PerplexityColumnName, options.ContinuationColumnName,
        separator, options.GenerateTokens, options.Generation);

    /// <summary>The same, generating only what a tokenizer has text for.</summary>
    public Gpt2Scoring For(TokenizerDescription? tokenizer)
        => this with { Generation = Generation with { TokenCount = Generation.TokenCount ?? tokenizer?.Count } };

    /// <summary>The added columns.</summary>
    /// <param name="tokenizer">The tokenizer that the tokens are of, where it is known.</param>
    public IEnumerable<DataViewSchema.DetachedColumn> Columns(TokenizerDescription? tokenizer)
    {
        yield return new(LossColumnName, NumberDataViewType.Single);
        yield return new(PerplexityColumnName, NumberDataViewType.Single);
        if (GenerateTokens > 0) yield return new(ContinuationColumnName, TokenColumn.Type, tokenizer?.ToAnnotations());
    }

    /// <summary>The tokens that a network goes on with after some others; after none, those after the separator.</summary>
    public int[] Continue(Gpt2 network, int[] tokens)
    {
        var prompt = tokens.Length > 0 ? tokens : Separator is { } separator ? [separator] : [];
        return prompt.Length == 0 ? [] : [.. network.Generate(prompt, Generation with { MaxTokens = GenerateTokens })];
    }

    /// <summary>Checks what was read from a file.</summary>
    /// <exception cref="ArgumentException">It cannot be.</exception>
    public void Validate(Gpt2Config model)
    {
        foreach (var name in new[] { TokenColumnName, LossColumnName, PerplexityColumnName, ContinuationColumnName })
            if (name.Length == 0) throw new ArgumentException("a column has no name");
        if (GenerateTokens < 0) throw new ArgumentException($"{GenerateTokens} tokens cannot be generated");
        if (Separator is { } separator && (separator < 0 || separator >= model.VocabularySize))
            throw new ArgumentException($"the separator is {separator}, in a vocabulary of {model.VocabularySize}");
        Generation.Validate(model);
    }
}
