using System.Runtime.InteropServices;

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
