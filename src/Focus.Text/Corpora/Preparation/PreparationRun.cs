using System.Diagnostics;

namespace Focus;

/// <summary>One run of a preparation: it recognises what an interrupted run had prepared, and prepares the rest.</summary>
internal sealed class PreparationRun(
    TextDocuments corpus, NamedTokenizer tokenizer, CorpusPreparationOptions options, PreparationFolder folder,
    IProgress<PreparationProgress>? progress)
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(100);

    private readonly PreparationJournal begun = folder.Journal;
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private string recognised = "";
    private TimeSpan committed;
    private TimeSpan reported;

    public void Run(CancellationToken cancellationToken)
    {
        var draw = new DocumentDraw(options.Seed, options.Split == ValidationSplit.Documents ? options.ValidationShare : 0);
        var batches = DocumentBatches.Read(corpus, options);
        DocumentBatch? last = null;
        foreach (var result in OrderedParallel.Select(batches, Process, options.Workers))
        {
            if (result.Batch.Index < begun.Batches) Recognise(result);
            else Append(result);
            last = result.Batch;
            Report(last, final: false);
            if (cancellationToken.IsCancellationRequested) Cancel(cancellationToken);
        }
        if (last!.Index + 1 < begun.Batches) throw OtherCorpus();
        if (folder.Journal.TrainTokens + folder.Journal.ValidationTokens == 0)
            throw new InvalidDataException(
                $"The corpus holds no text: {folder.Journal.Documents} documents without any, and {last.Broken} that could not be read.");
        Report(last, final: true);

        TokenizedBatch Process(DocumentBatch batch)
            => batch.Index < begun.Batches
                ? TokenizedBatch.HashOnly(batch)
                : TokenizedBatch.Tokenize(batch, tokenizer, options.Separator, draw);
    }

    /// <summary>Does what writes into the folder.</summary>
    /// <exception cref="IOException">It cannot be written; says what to do.</exception>
    public static T Writing<T>(string folder, Func<T> write)
    {
        try
        {
            return write();
        }
        catch (IOException failure)
        {
            throw new IOException(
                $"The corpus cannot be written into {folder}: {failure.Message.TrimEnd('.')}. What was prepared is kept: " +
                "free space where that is short, and run again to go on.",
                failure);
        }
    }

    private void Recognise(TokenizedBatch result)
    {
        recognised = PreparationJournal.Chain(recognised, result.Hash);
        if (result.Batch.Index == begun.Batches - 1 && recognised != begun.CorpusHash) throw OtherCorpus();
    }

    private void Append(TokenizedBatch result) => Writing(options.Output, () =>
    {
        folder.Append(result);
        if (clock.Elapsed - committed < options.CommitInterval) return false;
        folder.Commit();
        committed = clock.Elapsed;
        return true;
    });

    private void Cancel(CancellationToken cancellationToken)
    {
        Writing(options.Output, () =>
        {
            folder.Commit();
            return true;
        });
        cancellationToken.ThrowIfCancellationRequested();
    }

    private InvalidDataException OtherCorpus() => new(
        $"The first {begun.Documents} documents are not those whose preparation into {options.Output} was interrupted: " +
        "the corpus, or its order, has changed. " +
        "Go on with the former corpus, or start over (Restart).");

    private void Report(DocumentBatch batch, bool final)
    {
        if (progress is null || (!final && clock.Elapsed - reported < ReportInterval)) return;
        reported = clock.Elapsed;
        var journal = folder.Journal;
        var tokens = journal.TrainTokens + journal.ValidationTokens;
        var speed = (tokens - begun.TrainTokens - begun.ValidationTokens) / clock.Elapsed.TotalSeconds;
        progress.Report(new PreparationProgress(
            journal.Documents, batch.Broken, journal.TextBytes, tokens, batch.SourcePosition, corpus.SourceLength, speed, clock.Elapsed,
            Resuming: batch.Index < begun.Batches));
    }
}
