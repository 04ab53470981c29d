using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Focus;

/// <summary>A folder with a corpus as tokens: <c>train.bin</c>, <c>val.bin</c>, and <c>meta.json</c>, which holds what is said here.</summary>
public sealed record PreparedCorpus
{
    internal const string TrainName = "train.bin";
    internal const string ValidationName = "val.bin";
    internal const string MetadataName = "meta.json";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        RespectNullableAnnotations = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    /// <summary>The folder.</summary>
    [JsonIgnore]
    public string Folder { get; internal init; } = "";

    /// <summary>The bytes of a token in both files.</summary>
    public required TokenWidth TokenWidth { get; init; }

    /// <summary>The tokenizer's name: "gpt2", "characters", or another.</summary>
    public required string Tokenizer { get; init; }

    /// <summary>The number of tokens the tokenizer knows; ids lie below it.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>The tokens in the order of their ids, for a character tokenizer; else null.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Vocabulary { get; init; }

    /// <summary>The token behind each document, or null.</summary>
    public int? Separator { get; init; }

    /// <summary>How training and validation were divided.</summary>
    public ValidationSplit Split { get; init; }

    /// <summary>The share that was to be for validation.</summary>
    public double ValidationShare { get; init; }

    /// <summary>What decided which documents were drawn.</summary>
    public long Seed { get; init; }

    /// <summary>The documents in both files.</summary>
    public required long Documents { get; init; }

    /// <summary>The documents that could not be read and were left out.</summary>
    public required long BrokenDocuments { get; init; }

    /// <summary>The documents' text in bytes of UTF-8.</summary>
    public required long TextBytes { get; init; }

    /// <summary>The tokens in <c>train.bin</c>; where it is 0 there is no file.</summary>
    public required long TrainTokens { get; init; }

    /// <summary>The tokens in <c>val.bin</c>; where it is 0 there is no file.</summary>
    public required long ValidationTokens { get; init; }

    /// <summary>Reads what a folder holds.</summary>
    /// <exception cref="FileNotFoundException">The folder has no <c>meta.json</c>: nothing was prepared there, or not to the end.</exception>
    /// <exception cref="InvalidDataException">Its <c>meta.json</c> is none.</exception>
    public static PreparedCorpus Open(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var path = Path.Combine(folder, MetadataName);
        if (!File.Exists(path))
            throw new FileNotFoundException(
                $"Expected a prepared corpus with {MetadataName} in {folder}, found none. Was its preparation completed?", path);
        try
        {
            return JsonSerializer.Deserialize<PreparedCorpus>(File.ReadAllBytes(path), Json) is { } corpus
                ? corpus with { Folder = folder } : throw new InvalidDataException($"{path}: expected an object, found 'null'.");
        }
        catch (JsonException invalid)
        {
            throw new InvalidDataException($"{path}: expected the description of a prepared corpus: {invalid.Message}", invalid);
        }
    }

    /// <summary>Describes tokens of no corpus in particular, such as those of a model that is passed on.</summary>
    public static PreparedCorpus Of(NamedTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return new()
        {
            TokenWidth = TokenWidths.For(tokenizer.VocabularySize),
            Tokenizer = tokenizer.Name,
            VocabularySize = tokenizer.VocabularySize,
            Vocabulary = tokenizer.Vocabulary,
            Documents = 0,
            BrokenDocuments = 0,
            TextBytes = 0,
            TrainTokens = 0,
            ValidationTokens = 0,
        };
    }

    /// <summary>Writes <c>meta.json</c> into a folder, in place of one that is there.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(string folder) => AtomicFile.Write(Path.Combine(folder, MetadataName), stream => JsonSerializer.Serialize(stream, this, Json));

    /// <summary>Opens the training tokens.</summary>
    /// <exception cref="InvalidDataException">The file does not hold as many tokens as were prepared.</exception>
    public TokenFile OpenTrain() => OpenTokens(TrainName, TrainTokens);

    /// <summary>Opens the validation tokens; null where there are none.</summary>
    /// <inheritdoc cref="OpenTrain"/>
    public TokenFile? OpenValidation() => ValidationTokens == 0 ? null : OpenTokens(ValidationName, ValidationTokens);

    /// <summary>Creates the tokenizer by which the corpus was prepared.</summary>
    /// <exception cref="InvalidDataException">Its name is none of "gpt2" and "characters", or its vocabulary is not one of characters.</exception>
    public NamedTokenizer CreateTokenizer()
    {
        try
        {
            return NamedTokenizer.Recall(Tokenizer, Vocabulary);
        }
        catch (InvalidDataException unknown)
        {
            throw new InvalidDataException($"{Path.Combine(Folder, MetadataName)}: {unknown.Message}", unknown);
        }
    }

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
