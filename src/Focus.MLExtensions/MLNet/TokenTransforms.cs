using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Tokenizers;

namespace Focus;

/// <summary>Makes tokens of text, with a tokenizer that is given or whose vocabulary is learned.</summary>
/// <remarks>Input: a text column. Output: a vector of Int32 of varying length, the token ids in the order of the text; none for an empty
/// text.</remarks>
public sealed class TokenizingEstimator : IEstimator<TokenizingTransformer>
{
    private readonly string outputColumnName, inputColumnName;
    private readonly NamedTokenizer example;
    private readonly Func<IEnumerable<string>, NamedTokenizer>? learn;

    private TokenizingEstimator(
        string outputColumnName, string? inputColumnName, NamedTokenizer example,
        Func<IEnumerable<string>, NamedTokenizer>? learn)
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
        var column = ColumnRole.Text.Find(input.Schema, inputColumnName);
        var tokenizer = learn is null ? example : learn(input.GetColumn<string>(column));
        return new TokenizingTransformer(new TokenizingConfiguration(outputColumnName, inputColumnName, tokenizer));
    }

    /// <summary>The columns of the output: those of the input and that of the tokens.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The text column is missing or of the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        ColumnRole.Text.Find(inputSchema, inputColumnName);
        return inputSchema.With([TokenizingTransformer.OutputColumn(outputColumnName, example)]);
    }

    internal static TokenizingEstimator Gpt2(string outputColumnName, string? inputColumnName)
        => new(outputColumnName, inputColumnName, NamedTokenizer.Gpt2(), learn: null);

    internal static TokenizingEstimator Characters(string outputColumnName, string? inputColumnName)
        => new(outputColumnName, inputColumnName, TokenColumn.AnyCharacters, LearnCharacters);

    private static NamedTokenizer LearnCharacters(IEnumerable<string> texts)
    {
        var tokenizer = CharacterTokenizer.Learn(texts);
        return tokenizer.Count > 0
            ? NamedTokenizer.Characters(tokenizer)
            : throw new InvalidOperationException(
                "There are no characters to learn a vocabulary from: the data has no rows, or their texts are empty.");
    }
}

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

    internal TokenizingTransformer(TokenizingConfiguration configuration) => this.configuration = configuration;

    /// <summary>The tokenizer: ML.NET's <see cref="TiktokenTokenizer"/>, or a <see cref="CharacterTokenizer"/>, which has learned its
    /// vocabulary.</summary>
    public Tokenizer Tokenizer => configuration.Tokenizer.Tokenizer;

    /// <summary>The number of tokens; ids are from 0 to TokenCount - 1. A model's vocabulary must be at least as large.</summary>
    public int TokenCount => configuration.Tokenizer.VocabularySize;

    internal override string ModelKind => Kind;

    internal override void Save(ModelArchive archive) => configuration.Save(archive);

    internal static TokenizingTransformer Load(ModelArchive archive) => new(TokenizingConfiguration.Load(archive));

    internal static DataViewSchema.DetachedColumn OutputColumn(string name, NamedTokenizer tokenizer)
        => new(name, TokenColumn.Type, TokenColumn.Annotate(tokenizer));

    private protected override RowMapping Bind(DataViewSchema inputSchema) => ConversionBlock<ReadOnlyMemory<char>, VBuffer<int>>.Mapping(
        inputSchema, ColumnRole.Text.Find(inputSchema, configuration.InputColumnName),
        OutputColumn(configuration.OutputColumnName, configuration.Tokenizer), Tokenize, ColumnBuffer.Copy);

    private VBuffer<int> Tokenize(ReadOnlyMemory<char> text)
    {
        int[] ids = [.. configuration.Tokenizer.EncodeToIds(text.Span)];
        return new VBuffer<int>(ids.Length, ids);
    }
}

/// <summary>Makes text of tokens: the inverse of <see cref="TokenizingEstimator"/>.</summary>
/// <remarks>Input: a vector of Int32. Output: text.</remarks>
public sealed class DetokenizingEstimator : IEstimator<DetokenizingTransformer>
{
    private readonly string outputColumnName, inputColumnName;
    private readonly NamedTokenizer? tokenizer;

    /// <param name="outputColumnName">The column to make.</param>
    /// <param name="inputColumnName">The column of tokens, or null for the same name.</param>
    /// <param name="tokenizer">The tokenizer, or null for a character tokenizer whose vocabulary the column of tokens carries.</param>
    internal DetokenizingEstimator(string outputColumnName, string? inputColumnName, NamedTokenizer? tokenizer)
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
        var column = ColumnRole.Tokens.Find(input.Schema, inputColumnName);
        var found = tokenizer ?? TokenColumn.TokenizerOf(column);
        if (found is null || (tokenizer is null && found.Vocabulary is null)) throw LacksVocabulary();
        return new DetokenizingTransformer(new TokenizingConfiguration(outputColumnName, inputColumnName, found));
    }

    /// <summary>The columns of the output: those of the input and that of the text.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The token column is missing, of the wrong type, or lacks the vocabulary that is
    /// needed.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        var column = ColumnRole.Tokens.Find(inputSchema, inputColumnName);
        if (tokenizer is null && !TokenColumn.HasVocabulary(column)) throw LacksVocabulary();
        return inputSchema.With([DetokenizingTransformer.OutputColumn(outputColumnName)]);
    }

    private ArgumentOutOfRangeException LacksVocabulary() => ColumnRole.Tokens.Mismatch(
        inputColumnName, "a column with the vocabulary of TokenizeCharacters", "none; give DetokenizeCharacters the tokenizer");
}

/// <summary>Adds to each row the text of its tokens.</summary>
/// <remarks>A model file holds the vocabulary of a character tokenizer, and of GPT-2's tokenizer the name.</remarks>
public sealed class DetokenizingTransformer : FocusTransformer
{
    internal const string Kind = "Detokenizing";

    private readonly TokenizingConfiguration configuration;

    internal DetokenizingTransformer(TokenizingConfiguration configuration) => this.configuration = configuration;

    /// <summary>The tokenizer: ML.NET's <see cref="TiktokenTokenizer"/>, or a <see cref="CharacterTokenizer"/>.</summary>
    public Tokenizer Tokenizer => configuration.Tokenizer.Tokenizer;

    internal override string ModelKind => Kind;

    internal override void Save(ModelArchive archive) => configuration.Save(archive);

    internal static DetokenizingTransformer Load(ModelArchive archive) => new(TokenizingConfiguration.Load(archive));

    internal static DataViewSchema.DetachedColumn OutputColumn(string name) => new(name, TextDataViewType.Instance);

    private protected override RowMapping Bind(DataViewSchema inputSchema) => ConversionBlock<VBuffer<int>, ReadOnlyMemory<char>>.Mapping(
        inputSchema, ColumnRole.Tokens.Find(inputSchema, configuration.InputColumnName), OutputColumn(configuration.OutputColumnName),
        Detokenize, ColumnBuffer.Assign);

    /// <summary>Text of tokens, all of which the tokenizer must know: GPT-2's would leave the others out without a word.</summary>
    private ReadOnlyMemory<char> Detokenize(VBuffer<int> tokens)
    {
        int[] ids = [.. tokens.DenseValues()];
        var count = configuration.Tokenizer.VocabularySize;
        var slot = ids.AsSpan().IndexOfAnyExceptInRange(0, count - 1);
        if (slot >= 0)
            throw new ArgumentException(
                $"slot {slot}: expected a token from 0 to {count - 1}, those of the tokenizer {configuration.Tokenizer.Name}, found {ids[slot]}. " +
                $"Take the tokenizer that made the tokens; where a model generated them, set {nameof(GenerationOptions)}." +
                $"{nameof(GenerationOptions.TokenCount)} to {count}.");
        return Tokenizer.Decode(ids).AsMemory();
    }
}

/// <summary>What a transformer between text and tokens is; the whole of its model file.</summary>
internal sealed record TokenizingConfiguration(string OutputColumnName, string InputColumnName, NamedTokenizer Tokenizer)
{
    public static TokenizingConfiguration Load(ModelArchive archive)
    {
        var configuration = archive.ReadJson<TokenizingConfiguration>(ModelArchive.ConfigurationName);
        if (configuration.OutputColumnName.Length == 0 || configuration.InputColumnName.Length == 0)
            throw new InvalidDataException("The model's configuration is invalid: a column has no name.");
        return configuration;
    }

    public void Save(ModelArchive archive) => archive.WriteJson(ModelArchive.ConfigurationName, this);
}

/// <summary>Columns of tokens: vectors of Int32, as the ids of ML.NET's tokenizers are.</summary>
internal static class TokenColumn
{
    public const string DefaultName = "Tokens";

    private const string TokenizerKind = "Tokenizer", VocabularyKind = "Vocabulary", ConsecutiveKind = "IsConsecutive";

    /// <summary>Vectors of any length.</summary>
    public static VectorDataViewType Type { get; } = new(NumberDataViewType.Int32);

    /// <summary>Stands for a character tokenizer whose vocabulary is not known yet.</summary>
    public static NamedTokenizer AnyCharacters { get; } = NamedTokenizer.Characters(new CharacterTokenizer(["?"]));

    /// <summary>Says of a column that its rows are pieces of one sequence. Views around the column's own hand annotations on.</summary>
    public static DataViewSchema.Annotations Consecutive { get; } = ConsecutiveAnnotation();

    public static bool IsConsecutive(DataViewSchema.Column column)
        => column.Annotations.Schema.GetColumnOrNull(ConsecutiveKind) is { Type: BooleanDataViewType };

    /// <summary>The tokenizer that a column's tokens are of; null where the column does not say.</summary>
    public static NamedTokenizer? TokenizerOf(DataViewSchema.Column column)
    {
        if (column.Annotations.Schema.GetColumnOrNull(TokenizerKind) is not { Type: TextDataViewType }) return null;
        ReadOnlyMemory<char> name = default;
        column.Annotations.GetValue(TokenizerKind, ref name);
        var vocabulary = column.Annotations.Schema.GetColumnOrNull(VocabularyKind) is { Type: VectorDataViewType { ItemType: TextDataViewType } }
            ? KeyValueType.Text.Read(column.Annotations, VocabularyKind) : null;
        return (name.ToString(), vocabulary) is (NamedTokenizer.Gpt2Name, null) or (NamedTokenizer.CharactersName, { Length: > 0 })
            ? new NamedTokenizer(name.ToString(), vocabulary)
            : null; // Another library's annotation of the same name.
    }

    public static bool HasVocabulary(SchemaShape.Column column) => column.Annotations.Any(annotation => annotation.Name == VocabularyKind);

    /// <summary>A tokenizer with the annotations of a column's tokenizer; a shape holds no values.</summary>
    public static NamedTokenizer? Example(SchemaShape.Column column)
        => HasVocabulary(column) ? AnyCharacters
            : column.Annotations.Any(annotation => annotation.Name == TokenizerKind) ? NamedTokenizer.Gpt2() : null;

    public static DataViewSchema.Annotations Annotate(NamedTokenizer tokenizer)
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.AddPrimitiveValue(TokenizerKind, TextDataViewType.Instance, tokenizer.Name.AsMemory());
        if (tokenizer.Vocabulary is { } vocabulary) KeyValueType.Text.Add(annotations, VocabularyKind, vocabulary);
        return annotations.ToAnnotations();
    }

    private static DataViewSchema.Annotations ConsecutiveAnnotation()
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.AddPrimitiveValue(ConsecutiveKind, BooleanDataViewType.Instance, true);
        return annotations.ToAnnotations();
    }

    public static void RequireInVocabulary(ReadOnlySpan<int> tokens, Gpt2Config model, string column, long row)
    {
        var slot = tokens.IndexOfAnyExceptInRange(0, model.VocabularySize - 1);
        if (slot >= 0)
            throw new InvalidOperationException(
                $"Column '{column}', row {row}, slot {slot}: expected a token from 0 to {model.VocabularySize - 1}, the model's " +
                $"vocabulary, found {tokens[slot]}. Take the tokenizer that the model is for, or a larger " +
                $"{nameof(Gpt2Config.VocabularySize)}.");
    }
}
