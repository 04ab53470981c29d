using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Tokenizers;

namespace Focus;

/// <summary>Adds to each row the tokens of a text: a vector of Int32, as long as the text has tokens.</summary>
/// <remarks>
/// The new column's annotations say which tokenizer it is from, so that <c>DetokenizeCharacters</c> finds the vocabulary and
/// <see cref="Gpt2Pretrainer"/> can compare it with the model's. A model file holds the vocabulary of a character tokenizer, and of GPT-2's
/// tokenizer the name. Rows are tokenized some at a time, on all cores.
/// </remarks>
public sealed class TokenizingTransformer : FocusTransformer
{
    internal const string Kind = "Tokenizing";

    private readonly TokenizingConfiguration configuration;

    internal TokenizingTransformer(TokenizingConfiguration configuration)
        => (this.configuration, Tokenizer) = (configuration, configuration.Tokenizer.CreateTokenizer());

    /// <summary>The tokenizer: ML.NET's <see cref="TiktokenTokenizer"/>, or a <see cref="CharacterTokenizer"/>, which has learned its
    /// vocabulary.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>How many tokens there are; the ids run from 0 to it, exclusive. A model's vocabulary must be at least as large.</summary>
    public int TokenCount => configuration.Tokenizer.Count;

    internal override string ModelKind => Kind;

    internal override void Save(ModelArchive archive) => configuration.Save(archive);

    internal static TokenizingTransformer Load(ModelArchive archive) => new(TokenizingConfiguration.Load(archive));

    internal static DataViewSchema.DetachedColumn OutputColumn(string name, TokenizerDescription tokenizer)
        => new(name, TokenColumn.Type, tokenizer.ToAnnotations());

    private protected override RowMapping Bind(DataViewSchema inputSchema) => new ConversionMapping<ReadOnlyMemory<char>, VBuffer<int>>(
        inputSchema, TextColumn.Find(inputSchema, configuration.InputColumnName),
        OutputColumn(configuration.OutputColumnName, configuration.Tokenizer), Tokenize, ColumnBuffer.Copy);

    private VBuffer<int> Tokenize(ReadOnlyMemory<char> text)
    {
        int[] ids = [.. Tokenizer.EncodeToIds(text.Span)];
        return new VBuffer<int>(ids.Length, ids);
    }
}
