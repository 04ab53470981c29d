using Microsoft.ML;

namespace Focus;

public sealed partial class Gpt2Pretrainer
{
    /// <summary>Settings of <see cref="Gpt2Pretrainer"/>; the defaults are the paper's GPT-2 small and its run (arXiv:2501.12243).</summary>
    public sealed record Options : Gpt2TrainingOptions
    {
        private readonly (bool Given, int? Token) separator;

        /// <summary>The sizes and choices of the model. Its vocabulary must hold the data's tokens.</summary>
        public Gpt2Config Model { get; init; } = Gpt2Config.Small;

        /// <summary>The column of tokens: a vector of Int32 of any length.</summary>
        public string TokenColumnName { get; init; } = TokenColumn.DefaultName;

        /// <summary>The token put after each row's, in [0, vocabulary), or null for none; by default GPT-2's end of text where the vocabulary
        /// has it and the column's tokens are not known to be of another tokenizer.</summary>
        /// <remarks>Views of <c>LoadTokens</c> are taken as they are, without separators.</remarks>
        public int? Separator
        {
            get => separator.Given ? separator.Token : Model.VocabularySize > Gpt2Tokens.EndOfText ? Gpt2Tokens.EndOfText : null;
            init => separator = (true, value);
        }

        /// <summary>The data to evaluate on; null for none.</summary>
        /// <remarks>In a chain, it must be as the chain's earlier part leaves it.</remarks>
        public IDataView? ValidationSet { get; init; }

        /// <summary>The share of the tokens, in [0, 1), that is set apart at the end of the data to evaluate on; 0 for none.</summary>
        public double ValidationShare { get; init; }

        /// <summary>The most tokens that the model continues each row with, ≥ 0; 0 for no column of continuations.</summary>
        public int GenerateTokens { get; init; }

        /// <summary>How tokens are chosen for continuations. <see cref="GenerateTokens"/> stands for its number of tokens, and the seed of the run
        /// for its own where it has none, so that equal rows have equal continuations; the tokens of the column's tokenizer, where that is known,
        /// stand for its <see cref="GenerationOptions.TokenCount"/> where it has none.</summary>
        public GenerationOptions Generation { get; init; } = new();

        /// <summary>The column of a row's loss per token, in nats: Single.</summary>
        public string LossColumnName { get; init; } = "Loss";

        /// <summary>The column of a row's perplexity: Single.</summary>
        public string PerplexityColumnName { get; init; } = "Perplexity";

        /// <summary>The column of continuations: a vector of Int32.</summary>
        public string ContinuationColumnName { get; init; } = "Continuation";

        /// <inheritdoc/>
        public override void Validate()
        {
            base.Validate();
            ArgumentNullException.ThrowIfNull(Model);
            ArgumentNullException.ThrowIfNull(Generation);
            Model.Validate();
            Generation.Validate(Model);
            ArgumentException.ThrowIfNullOrEmpty(TokenColumnName);
            ArgumentException.ThrowIfNullOrEmpty(LossColumnName);
            ArgumentException.ThrowIfNullOrEmpty(PerplexityColumnName);
            ArgumentException.ThrowIfNullOrEmpty(ContinuationColumnName);
            string[] added = [LossColumnName, PerplexityColumnName, ContinuationColumnName];
            if (added.Distinct().Count() < added.Length)
                throw new ArgumentException(
                    $"{nameof(LossColumnName)}, {nameof(PerplexityColumnName)} and {nameof(ContinuationColumnName)} are " +
                    $"'{string.Join("', '", added)}'; each must be a name of its own.", nameof(LossColumnName));
            if (GenerateTokens < 0)
                throw new ArgumentOutOfRangeException(
                    nameof(GenerateTokens), $"{nameof(GenerateTokens)} is {GenerateTokens}; it must be at least 0.");
            if (!(ValidationShare >= 0 && ValidationShare < 1))
                throw new ArgumentOutOfRangeException(
                    nameof(ValidationShare), $"{nameof(ValidationShare)} is {ValidationShare}; it must be at least 0 and below 1.");
            if (ValidationShare > 0 && ValidationSet is not null)
                throw new ArgumentException(
                    $"{nameof(ValidationShare)} and {nameof(ValidationSet)} are both given; take one of them.", nameof(ValidationShare));
            if (Separator is { } token && (token < 0 || token >= Model.VocabularySize))
                throw new ArgumentOutOfRangeException(
                    nameof(Separator),
                    $"{nameof(Separator)} is {token}; it must lie in the model's vocabulary, from 0 to {Model.VocabularySize - 1}.");
        }

        /// <summary>The separator for rows of a tokenizer's tokens.</summary>
        internal int? SeparatorFor(TokenizerDescription? tokenizer)
            => separator.Given || tokenizer is null || tokenizer.Count > Gpt2Tokens.EndOfText ? Separator : null;
    }
}
