using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Tokenizers;

namespace Focus;

/// <summary>Adds to each row the text of its tokens.</summary>
/// <remarks>A model file holds the vocabulary of a character tokenizer, and of GPT-2's tokenizer the name.</remarks>
public sealed class DetokenizingTransformer : FocusTransformer
{
    internal const string Kind = "Detokenizing";

    private readonly TokenizingConfiguration configuration;

    internal DetokenizingTransformer(TokenizingConfiguration configuration)
        => (this.configuration, Tokenizer) = (configuration, configuration.Tokenizer.CreateTokenizer());

    /// <summary>The tokenizer: ML.NET's <see cref="TiktokenTokenizer"/>, or a <see cref="CharacterTokenizer"/>.</summary>
    public Tokenizer Tokenizer { get; }

    internal override string ModelKind => Kind;

    internal override void Save(ModelArchive archive) => configuration.Save(archive);

    internal static DetokenizingTransformer Load(ModelArchive archive) => new(TokenizingConfiguration.Load(archive));

    internal static DataViewSchema.DetachedColumn OutputColumn(string name) => new(name, TextDataViewType.Instance);

    private protected override RowMapping Bind(DataViewSchema inputSchema) => new ConversionMapping<VBuffer<int>, ReadOnlyMemory<char>>(
        inputSchema, TokenColumn.Find(inputSchema, configuration.InputColumnName), OutputColumn(configuration.OutputColumnName),
        Detokenize, ColumnBuffer.Assign);

    /// <summary>Text of tokens, all of which the tokenizer must know: GPT-2's would leave the others out without a word.</summary>
    private ReadOnlyMemory<char> Detokenize(VBuffer<int> tokens)
    {
        int[] ids = [.. tokens.DenseValues()];
        var count = configuration.Tokenizer.Count;
        var slot = ids.AsSpan().IndexOfAnyExceptInRange(0, count - 1);
        if (slot >= 0)
            throw new ArgumentException(
                $"slot {slot}: expected a token from 0 to {count - 1}, those of the tokenizer {configuration.Tokenizer.Name}, found {ids[slot]}. " +
                $"Take the tokenizer that made the tokens; where a model generated them, set {nameof(GenerationOptions)}." +
                $"{nameof(GenerationOptions.TokenCount)} to {count}.");
        return Tokenizer.Decode(ids).AsMemory();
    }
}
