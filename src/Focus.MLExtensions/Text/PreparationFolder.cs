using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using static System.FormattableString;

namespace Focus;

/// <summary>The folder of a preparation: its partial files and journal, and finally its results.</summary>
internal sealed class PreparationFolder : IDisposable
{
    private const string JournalName = "preparation.json", PartialEnding = ".part";
    private const string PartialTrain = PreparedCorpus.TrainName + PartialEnding, PartialValidation = PreparedCorpus.ValidationName + PartialEnding;

    private static readonly string[] Results = [PreparedCorpus.MetadataName, PreparedCorpus.TrainName, PreparedCorpus.ValidationName];

    private readonly string folder;
    private TokenStream? train, validation;

    /// <summary>Opens a folder, new or with an interrupted preparation.</summary>
    public PreparationFolder(NamedTokenizer tokenizer, CorpusPreparationOptions options)
    {
        folder = Directory.CreateDirectory(options.Output).FullName;
        if (options.Restart) // The description first, so that what is left is never taken for complete.
            foreach (var name in (string[])[.. Results, JournalName, PartialTrain, PartialValidation]) File.Delete(PathOf(name));
        var journal = File.Exists(PathOf(JournalName))
            ? PreparedCorpus.ReadJson<PreparationJournal>(PathOf(JournalName), "the journal of a preparation (Restart starts over)") : null;
        if (journal is null && Array.Find(Results, name => File.Exists(PathOf(name))) is { } result)
            throw new IOException($"{folder} already holds {result}. Choose another folder, or start over (Restart), which deletes it.");
        var begun = PreparedCorpus.Of(tokenizer) with
        {
            Separator = options.Separator, Split = options.Split, ValidationShare = options.ValidationShare, Seed = options.Seed,
        };
        Journal = journal ?? new(begun, 0, "", IsComplete: false);
        var (then, now) = (SettingsOf(Journal.Corpus), SettingsOf(begun));
        if (then != now)
            throw new InvalidDataException(
                $"{folder} holds an interrupted preparation with other settings. Then: {then}. Now: {now}. " +
                "Resume with the original settings, or start over (Restart).");
    }

    /// <summary>What has been prepared; ahead of the journal on the disk until <see cref="Commit"/>.</summary>
    public PreparationJournal Journal { get; private set; }

    /// <summary>Opens the partial files and cuts off what the journal does not vouch for.</summary>
    public void OpenTokens()
    {
        train = OpenTokens(PathOf(PartialTrain), Journal.Corpus.TrainTokens);
        validation = OpenTokens(PathOf(PartialValidation), Journal.Corpus.ValidationTokens);
    }

    private TokenStream OpenTokens(string path, long count)
    {
        var width = Journal.Corpus.TokenWidth;
        var found = File.Exists(path) ? new FileInfo(path).Length / (int)width : 0;
        if (found < count)
            throw new InvalidDataException(
                $"{path} holds {found} tokens; expected at least {count}, as {PathOf(JournalName)} says. Start over (Restart).");
        var stream = new TokenStream(path, width, FileMode.OpenOrCreate);
        stream.Truncate(count);
        return stream;
    }

    /// <summary>Appends a batch; the hash is the corpus's up to and including it.</summary>
    public void Append(DocumentBatch batch, string hash)
    {
        train!.Write(CollectionsMarshal.AsSpan(batch.Train));
        validation!.Write(CollectionsMarshal.AsSpan(batch.Validation));
        var corpus = Journal.Corpus;
        Journal = new(
            corpus with
            {
                Documents = corpus.Documents + batch.Documents, BrokenDocuments = batch.Broken,
                TextBytes = corpus.TextBytes + batch.TextBytes,
                TrainTokens = corpus.TrainTokens + batch.Train.Count,
                ValidationTokens = corpus.ValidationTokens + batch.Validation.Count,
            },
            batch.Index + 1, hash, IsComplete: false);
    }

    /// <summary>Saves what was appended: tokens first, then the journal that vouches for them.</summary>
    public void Commit()
    {
        train!.Flush();
        validation!.Flush();
        PreparedCorpus.WriteJson(PathOf(JournalName), Journal);
    }

    /// <summary>Turns the partial files into the results. Each step can be repeated after an interruption.</summary>
    public PreparedCorpus Finish()
    {
        if (!Journal.IsComplete)
        {
            Journal = Journal with { IsComplete = true };
            Commit();
        }
        Dispose();
        var corpus = Journal.Corpus with { Folder = folder };
        if (corpus.Split == ValidationSplit.Tail)
        {
            var kept = (long)(corpus.TrainTokens * (1 - corpus.ValidationShare));
            MoveTail(kept * (int)corpus.TokenWidth);
            corpus = corpus with { TrainTokens = kept, ValidationTokens = corpus.TrainTokens - kept };
        }
        Rename(PartialTrain, PreparedCorpus.TrainName, corpus.TrainTokens);
        Rename(PartialValidation, PreparedCorpus.ValidationName, corpus.ValidationTokens);
        corpus.Write(folder);
        File.Delete(PathOf(JournalName));
        return corpus;
    }

    public void Dispose()
    {
        train?.Dispose();
        validation?.Dispose();
    }

    /// <summary>Moves the end of the training file into the validation file, unless that was done before.</summary>
    private void MoveTail(long kept)
    {
        if (!File.Exists(PathOf(PartialTrain))) return;
        using var source = new FileStream(PathOf(PartialTrain), FileMode.Open, FileAccess.ReadWrite);
        if (source.Length <= kept) return;
        using (var target = new FileStream(PathOf(PartialValidation), FileMode.Create))
        {
            source.Position = kept;
            source.CopyTo(target, bufferSize: 1 << 20);
            target.Flush(flushToDisk: true);
        }
        source.SetLength(kept);
        source.Flush(flushToDisk: true);
    }

    /// <summary>Gives a partial file its final name, or deletes an empty one.</summary>
    private void Rename(string partial, string name, long count)
    {
        if (count == 0) File.Delete(PathOf(partial));
        else if (File.Exists(PathOf(partial))) File.Move(PathOf(partial), PathOf(name), overwrite: true);
    }

    /// <summary>What a prepared corpus depends on besides the documents.</summary>
    private static string SettingsOf(PreparedCorpus corpus)
    {
        var vocabulary = SHA256.HashData(Encoding.Unicode.GetBytes(string.Join('\0', corpus.Vocabulary ?? [])));
        return Invariant($"tokenizer '{corpus.Tokenizer}' of {corpus.VocabularySize} tokens ({Convert.ToHexString(vocabulary)[..16]}), ") +
            Invariant($"separator {corpus.Separator?.ToString() ?? "none"}, {corpus.ValidationShare:r} of {corpus.Split}, seed {corpus.Seed}");
    }

    private string PathOf(string name) => Path.Combine(folder, name);
}

/// <summary>What is known to be on the disk; the partial files may hold more.</summary>
/// <param name="Corpus">The settings, and the counts of the partial files.</param>
/// <param name="Batches">The number of batches in the partial files.</param>
/// <param name="CorpusHash">SHA-256, in hexadecimal digits, of the hash of all batches but the last and the hash of the last; empty without
/// batches.</param>
/// <param name="IsComplete">Whether all batches are in the partial files, which only need to be renamed.</param>
internal sealed record PreparationJournal(PreparedCorpus Corpus, long Batches, string CorpusHash, bool IsComplete)
{
    /// <summary>The corpus's hash after one more batch.</summary>
    public static string Chain(string hash, byte[] next) => Convert.ToHexString(SHA256.HashData([.. Convert.FromHexString(hash), .. next]));
}
