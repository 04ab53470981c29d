using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Focus;

/// <summary>The folder of a preparation: its partial files and journal, and in the end its results.</summary>
internal sealed class PreparationFolder : IDisposable
{
    private const string PartialEnding = ".part";
    private const string JournalName = "preparation.json";

    private readonly string folder;
    private readonly NamedTokenizer tokenizer;
    private readonly TokenWidth width;
    private TokenStream? train;
    private TokenStream? validation;

    private PreparationFolder(string folder, NamedTokenizer tokenizer, PreparationJournal journal)
    {
        (this.folder, this.tokenizer, Journal) = (folder, tokenizer, journal);
        width = TokenWidths.For(tokenizer.VocabularySize);
    }

    /// <summary>What has been prepared; more than the journal on the disk says until <see cref="Commit"/>.</summary>
    public PreparationJournal Journal { get; private set; }

    /// <summary>Opens a folder, new or with an interrupted preparation.</summary>
    /// <exception cref="IOException">The folder holds other results, or cannot be written.</exception>
    /// <exception cref="InvalidDataException">The interrupted preparation had other settings, or lost what it had written.</exception>
    public static PreparationFolder Open(NamedTokenizer tokenizer, CorpusPreparationOptions options)
    {
        var folder = Directory.CreateDirectory(options.Output).FullName;
        if (options.Restart) Clear(folder);
        var settings = PreparationSettings.Of(tokenizer, options);
        var journal = PreparationJournal.Read(Path.Combine(folder, JournalName));
        if (journal is null) RequireEmpty(folder);
        else if (journal.Settings != settings)
            throw new InvalidDataException(
                $"{folder} holds an interrupted preparation with other settings. Then: {journal.Settings}. Now: {settings}. " +
                "Go on with the former, or start over (Restart).");
        var opened = new PreparationFolder(folder, tokenizer, journal ?? PreparationJournal.Begin(settings));
        try
        {
            if (!opened.Journal.IsComplete) opened.OpenTokens();
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Adds a batch.</summary>
    public void Append(TokenizedBatch batch)
    {
        train!.Write(CollectionsMarshal.AsSpan(batch.Train));
        validation!.Write(CollectionsMarshal.AsSpan(batch.Validation));
        Journal = Journal.With(batch);
    }

    /// <summary>Makes safe what was added.</summary>
    /// <param name="complete">Whether it is all there is.</param>
    public void Commit(bool complete = false)
    {
        Journal = Journal with { IsComplete = complete };
        train!.Flush();
        validation!.Flush();
        Journal.Write(PathOf(JournalName));
    }

    /// <summary>Turns the partial files into the results; every step can be repeated where it was interrupted.</summary>
    public PreparedCorpus Complete()
    {
        if (!Journal.IsComplete) Commit(complete: true);
        Dispose();
        var tail = Journal.Settings.Split == ValidationSplit.Tail;
        var kept = tail ? (long)(Journal.TrainTokens * (1 - Journal.Settings.ValidationShare)) : Journal.TrainTokens;
        if (tail) MoveTail(kept);
        var corpus = Describe(kept, tail ? Journal.TrainTokens - kept : Journal.ValidationTokens);
        Finish(PreparedCorpus.TrainName, corpus.TrainTokens);
        Finish(PreparedCorpus.ValidationName, corpus.ValidationTokens);
        corpus.Write(folder);
        File.Delete(PathOf(JournalName));
        return corpus;
    }

    public void Dispose()
    {
        train?.Dispose();
        validation?.Dispose();
    }

    private void OpenTokens()
    {
        train = OpenTokens(PreparedCorpus.TrainName, Journal.TrainTokens);
        validation = OpenTokens(PreparedCorpus.ValidationName, Journal.ValidationTokens);
    }

    /// <summary>Opens a partial file behind what the journal vouches for.</summary>
    private TokenStream OpenTokens(string name, long count)
    {
        var partial = PathOf(name + PartialEnding);
        var stream = new TokenStream(partial, PathOf(name), width, FileMode.OpenOrCreate);
        if (stream.Count >= count)
        {
            stream.Truncate(count);
            return stream;
        }
        using (stream)
            throw new InvalidDataException(
                $"{partial} holds {stream.Count} tokens; expected at least {count}, as {PathOf(JournalName)} says. Start over (Restart).");
    }

    /// <summary>Moves the last tokens of the training file into the validation file, unless that was done.</summary>
    private void MoveTail(long kept)
    {
        var partial = new FileInfo(PathOf(PreparedCorpus.TrainName + PartialEnding));
        if (!partial.Exists || partial.Length <= kept * (int)width) return;
        using (var tokens = TokenFile.Open(partial.FullName, width)) CopyToValidation(tokens, kept);
        using var stream = new TokenStream(partial.FullName, PathOf(PreparedCorpus.TrainName), width, FileMode.Open);
        stream.Truncate(kept);
        stream.Flush();
    }

    private void CopyToValidation(TokenFile tokens, long start)
    {
        var path = PathOf(PreparedCorpus.ValidationName);
        using var stream = new TokenStream(path + PartialEnding, path, width, FileMode.Create);
        var block = new int[1 << 16];
        for (var position = start; position < tokens.Count; position += block.Length)
        {
            var taken = block.AsSpan(0, (int)Math.Min(block.Length, tokens.Count - position));
            tokens.Read(position, taken);
            stream.Write(taken);
        }
        stream.Flush();
    }

    /// <summary>Gives a partial file its name; an empty one is deleted.</summary>
    private void Finish(string name, long count)
    {
        var partial = PathOf(name + PartialEnding);
        if (count == 0) File.Delete(partial);
        else if (File.Exists(partial)) File.Move(partial, PathOf(name), overwrite: true);
    }

    private PreparedCorpus Describe(long trainTokens, long validationTokens) => PreparedCorpus.Of(tokenizer) with
    {
        Folder = folder,
        Separator = Journal.Settings.Separator,
        Split = Journal.Settings.Split,
        ValidationShare = Journal.Settings.ValidationShare,
        Seed = Journal.Settings.Seed,
        Documents = Journal.Documents,
        BrokenDocuments = Journal.BrokenDocuments,
        TextBytes = Journal.TextBytes,
        TrainTokens = trainTokens,
        ValidationTokens = validationTokens,
    };

    private string PathOf(string name) => Path.Combine(folder, name);

    /// <summary>Removes an earlier preparation; its description first, so that what is left is never taken for whole.</summary>
    private static void Clear(string folder)
    {
        string[] names =
        [
            PreparedCorpus.MetadataName, JournalName, PreparedCorpus.TrainName, PreparedCorpus.ValidationName,
            PreparedCorpus.TrainName + PartialEnding, PreparedCorpus.ValidationName + PartialEnding,
        ];
        foreach (var name in names) File.Delete(Path.Combine(folder, name));
    }

    private static void RequireEmpty(string folder)
    {
        foreach (var name in (string[])[PreparedCorpus.MetadataName, PreparedCorpus.TrainName, PreparedCorpus.ValidationName])
            if (File.Exists(Path.Combine(folder, name)))
                throw new IOException($"{folder} already holds {name}. Choose another folder, or start over (Restart), which deletes it.");
    }
}

/// <summary>How a corpus is divided into training and validation tokens.</summary>
public enum ValidationSplit
{
    /// <summary>
    /// Whole documents are drawn, each by itself: document n (from 0) validates if u(seed, n) &lt; share, where u in [0, 1) is the upper 53 bits of
    /// SplitMix64's output for the state seed + (n + 1) · 0x9E3779B97F4A7C15 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
    /// Generators, 2014).
    /// </summary>
    Documents,

    /// <summary>The last tokens of the corpus validate, as in nanoGPT's character-level experiments: the first ⌊tokens · (1 − share)⌋ are for
    /// training. Fits corpora of few documents.</summary>
    Tail,
}

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
