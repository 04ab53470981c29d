using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Focus;

/// <summary>The settings on which a prepared corpus depends, besides the documents.</summary>
internal sealed record PreparationSettings(
    string Tokenizer, int VocabularySize, string? VocabularyHash, int? Separator, ValidationSplit Split, double ValidationShare, long Seed)
{
    public static PreparationSettings Of(NamedTokenizer tokenizer, CorpusPreparationOptions options)
    {
        var hash = tokenizer.Vocabulary is { } vocabulary
            ? Convert.ToHexString(SHA256.HashData(Encoding.Unicode.GetBytes(string.Join('\0', vocabulary)))) : null;
        return new(tokenizer.Name, tokenizer.VocabularySize, hash, options.Separator, options.Split, options.ValidationShare, options.Seed);
    }
}

/// <summary>What of a preparation is safe on the disk; its partial files may hold more, which is cut off.</summary>
/// <param name="Settings">The settings it was begun with.</param>
/// <param name="Batches">The batches that are in the partial files.</param>
/// <param name="CorpusHash">SHA-256 of the hash of the batches before the last and the hash of the last, in hexadecimal digits; empty at the
/// beginning.</param>
/// <param name="Documents">The documents in the batches.</param>
/// <param name="TextBytes">Their text in bytes of UTF-8.</param>
/// <param name="TrainTokens">The tokens in the partial training file.</param>
/// <param name="ValidationTokens">The tokens in the partial validation file.</param>
/// <param name="BrokenDocuments">The documents left out.</param>
/// <param name="IsComplete">Whether these are all, so that the files only need their names.</param>
internal sealed record PreparationJournal(
    PreparationSettings Settings, long Batches, string CorpusHash, long Documents, long TextBytes, long TrainTokens, long ValidationTokens,
    long BrokenDocuments, bool IsComplete)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };

    public static PreparationJournal Begin(PreparationSettings settings) => new(settings, 0, "", 0, 0, 0, 0, 0, IsComplete: false);

    /// <summary>Reads a journal; null where there is none.</summary>
    /// <exception cref="InvalidDataException">The file is no journal.</exception>
    public static PreparationJournal? Read(string path)
    {
        if (!File.Exists(path)) return null;
        try
        {
            var journal = JsonSerializer.Deserialize<PreparationJournal>(File.ReadAllBytes(path), Json);
            if (journal is { Settings: not null, CorpusHash: not null }) return journal;
            throw new InvalidDataException($"{path}: expected the journal of a preparation, found 'null' or an object without " +
                "its fields. Start over (Restart).");
        }
        catch (JsonException invalid)
        {
            throw new InvalidDataException(
                $"{path}: expected the journal of a preparation, found something else: {invalid.Message} Start over (Restart).", invalid);
        }
    }

    public void Write(string path) => AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, this, Json));

    /// <summary>The journal with one batch more.</summary>
    public PreparationJournal With(TokenizedBatch batch) => this with
    {
        Batches = batch.Batch.Index + 1,
        CorpusHash = Chain(CorpusHash, batch.Hash),
        Documents = Documents + batch.Documents,
        TextBytes = TextBytes + batch.TextBytes,
        TrainTokens = TrainTokens + batch.Train.Count,
        ValidationTokens = ValidationTokens + batch.Validation.Count,
        BrokenDocuments = batch.Batch.Broken,
    };

    /// <summary>The corpus's hash after one batch more.</summary>
    public static string Chain(string hash, byte[] next) => Convert.ToHexString(SHA256.HashData([.. Convert.FromHexString(hash), .. next]));
}
