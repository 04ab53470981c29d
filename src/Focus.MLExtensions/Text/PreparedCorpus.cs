using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Focus;

/// <summary>A corpus prepared as tokens: a folder with <c>train.bin</c>, <c>val.bin</c> and <c>meta.json</c>, which holds the properties
/// below.</summary>
public sealed record PreparedCorpus
{
    internal const string TrainName = "train.bin";
    internal const string ValidationName = "val.bin";
    internal const string MetadataName = "meta.json";
    private const string VocabularyName = "meta.pkl";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    /// <summary>The folder.</summary>
    [JsonIgnore]
    public string Folder { get; internal init; } = "";

    /// <summary>The width of a token in both files.</summary>
    public required TokenWidth TokenWidth { get; init; }

    /// <summary>The tokenizer's name: "gpt2", "characters", or another.</summary>
    public required string Tokenizer { get; init; }

    /// <summary>The number of tokens of the tokenizer; ids are below it.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>The tokens of a character tokenizer in the order of their ids; null for other tokenizers.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Vocabulary { get; init; }

    /// <summary>The token after each document; null for none.</summary>
    public int? Separator { get; init; }

    /// <summary>How the tokens are divided into training and validation.</summary>
    public ValidationSplit Split { get; init; }

    /// <summary>The share requested for validation.</summary>
    public double ValidationShare { get; init; }

    /// <summary>The seed of the drawing of documents for validation.</summary>
    public long Seed { get; init; }

    /// <summary>The documents in both files.</summary>
    public required long Documents { get; init; }

    /// <summary>The documents that were skipped because they could not be read.</summary>
    public required long BrokenDocuments { get; init; }

    /// <summary>The documents' text in bytes of UTF-8.</summary>
    public required long TextBytes { get; init; }

    /// <summary>The tokens in <c>train.bin</c>; there is no file if it is 0.</summary>
    public required long TrainTokens { get; init; }

    /// <summary>The tokens in <c>val.bin</c>; there is no file if it is 0.</summary>
    public required long ValidationTokens { get; init; }

    [JsonIgnore]
    internal long Tokens => TrainTokens + ValidationTokens;

    /// <summary>Reads the description in a folder.</summary>
    /// <exception cref="FileNotFoundException">The folder has no <c>meta.json</c>: nothing was prepared there, or not completely.</exception>
    /// <exception cref="InvalidDataException">Its <c>meta.json</c> does not describe a prepared corpus.</exception>
    public static PreparedCorpus Open(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var path = Path.Combine(folder, MetadataName);
        if (!File.Exists(path))
            throw new FileNotFoundException(
                $"Expected a prepared corpus with {MetadataName} in {folder}, found none. Was its preparation completed?", path);
        return ReadJson<PreparedCorpus>(path, "the description of a prepared corpus") with { Folder = folder };
    }

    /// <summary>Describes a folder that nanoGPT has prepared: <c>train.bin</c>, <c>val.bin</c> where there is one, and for characters
    /// <c>meta.pkl</c>, whose vocabulary is read. Without <c>meta.pkl</c> the tokens are GPT-2's, unless another vocabulary is
    /// named.</summary>
    /// <remarks>The documents are not known, and so are counted as none.</remarks>
    /// <param name="folder">The folder.</param>
    /// <param name="vocabularySize">The number of tokens of a tokenizer that this library does not know, at least 1; null for characters or
    /// GPT-2's.</param>
    /// <exception cref="FileNotFoundException">There is no <c>train.bin</c>.</exception>
    /// <exception cref="InvalidDataException">A file of tokens is damaged, or <c>meta.pkl</c> is not nanoGPT's.</exception>
    public static PreparedCorpus OfNanoGpt(string folder, int? vocabularySize = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Check.AtLeast(1, vocabularySize);
        var vocabularyPath = Path.Combine(folder, VocabularyName);
        var vocabulary = vocabularySize is null && File.Exists(vocabularyPath) ? PickledVocabulary.Read(vocabularyPath) : null;
        using var train = TokenFile.Open(Path.Combine(folder, TrainName));
        using var validation = File.Exists(Path.Combine(folder, ValidationName)) ? TokenFile.Open(Path.Combine(folder, ValidationName)) : null;
        return new()
        {
            Folder = folder,
            TokenWidth = train.Width,
            Tokenizer = vocabularySize is not null ? "other" : vocabulary is not null ? NamedTokenizer.CharactersName : NamedTokenizer.Gpt2Name,
            VocabularySize = vocabularySize ?? vocabulary?.Length ?? Gpt2Tokens.Count,
            Vocabulary = vocabulary,
            Split = ValidationSplit.Tail,
            Documents = 0, BrokenDocuments = 0, TextBytes = 0, TrainTokens = train.Count, ValidationTokens = validation?.Count ?? 0,
        };
    }

    /// <summary>Describes a tokenizer without a corpus, for example to keep it beside a model.</summary>
    public static PreparedCorpus Of(NamedTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return new()
        {
            TokenWidth = TokenFile.WidthFor(tokenizer.VocabularySize),
            Tokenizer = tokenizer.Name,
            VocabularySize = tokenizer.VocabularySize,
            Vocabulary = tokenizer.Vocabulary,
            Documents = 0, BrokenDocuments = 0, TextBytes = 0, TrainTokens = 0, ValidationTokens = 0,
        };
    }

    /// <summary>Writes <c>meta.json</c> into a folder, replacing an existing one.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Write(string folder) => WriteJson(Path.Combine(folder, MetadataName), this);

    /// <summary>Opens the training tokens.</summary>
    /// <exception cref="InvalidDataException">The file does not hold the number of tokens prepared.</exception>
    public TokenFile OpenTrain() => OpenTokens(TrainName, TrainTokens);

    /// <summary>Opens the validation tokens; null if there are none.</summary>
    /// <inheritdoc cref="OpenTrain"/>
    public TokenFile? OpenValidation() => ValidationTokens == 0 ? null : OpenTokens(ValidationName, ValidationTokens);

    /// <summary>Creates the tokenizer that the corpus was prepared with.</summary>
    /// <exception cref="InvalidDataException">Its name is neither "gpt2" nor "characters", or its vocabulary is not one of characters.</exception>
    public NamedTokenizer CreateTokenizer()
    {
        try
        {
            return new NamedTokenizer(Tokenizer, Vocabulary);
        }
        catch (InvalidDataException unknown)
        {
            throw new InvalidDataException($"{Path.Combine(Folder, MetadataName)}: {unknown.Message}", unknown);
        }
    }

    internal static T ReadJson<T>(string path, string expected) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllBytes(path), Json) ?? throw new JsonException("The file holds 'null'.");
        }
        catch (JsonException invalid)
        {
            throw new InvalidDataException($"{path}: expected {expected}: {invalid.Message}", invalid);
        }
    }

    internal static void WriteJson<T>(string path, T value) => AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, value, Json));

    private TokenFile OpenTokens(string name, long count)
    {
        var path = Path.Combine(Folder, name);
        var file = TokenFile.Open(path, TokenWidth);
        if (file.Count == count) return file;
        using (file)
            throw new InvalidDataException(
                $"{path} holds {file.Count} tokens; expected {count}, as {MetadataName} beside it says. Prepare the corpus again.");
    }
}
