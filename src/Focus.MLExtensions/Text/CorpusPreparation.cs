using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Focus;

/// <summary>Turns a corpus into files of tokens for training and validation, as nanoGPT's <c>prepare.py</c> does.</summary>
/// <remarks>
/// <para>
/// Documents are tokenized in parallel and written in their order, each followed by the separator; the result depends on the documents and the
/// settings alone. Memory holds a few documents per worker, of long text files parts, however large the corpus is.
/// </para>
/// <para>
/// What is done is made safe every few seconds. A preparation that was interrupted, by cancellation, a full disk or the end of the process, goes on
/// from there when it is run again: what was prepared is read and compared, but not tokenized again, and the result is the same, byte for byte.
/// </para>
/// </remarks>
public static class CorpusPreparation
{
    /// <summary>Prepares a corpus, or goes on with a preparation.</summary>
    /// <param name="documents">The corpus.</param>
    /// <param name="tokenizer">The tokenizer; several threads use it at once.</param>
    /// <param name="options">Where to, and how.</param>
    /// <param name="progress">Is told a few times a second how far it is, or null.</param>
    /// <param name="cancellationToken">Stops the work between two batches of documents; what is done is kept.</param>
    /// <returns>What the folder holds now.</returns>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    /// <exception cref="InvalidDataException">The corpus or the settings are not those of the preparation that was interrupted, the corpus holds
    /// no text, or the tokenizer refuses a document.</exception>
    /// <exception cref="IOException">The folder holds other results, or files cannot be read or written; on a full disk what is done is
    /// kept.</exception>
    public static PreparedCorpus Run(
        TextDocuments documents, NamedTokenizer tokenizer, CorpusPreparationOptions options,
        IProgress<PreparationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(documents);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate(tokenizer);
        using var folder = PreparationFolder.Open(tokenizer, options);
        if (!folder.Journal.IsComplete) new PreparationRun(documents, tokenizer, options, folder, progress).Run(cancellationToken);
        return PreparationRun.Writing(options.Output, folder.Complete);
    }
}

/// <summary>What a preparation does with a corpus.</summary>
public sealed record CorpusPreparationOptions
{
    /// <summary>The folder that receives <c>train.bin</c>, <c>val.bin</c> and <c>meta.json</c>; created where it is missing.</summary>
    public required string Output { get; init; }

    /// <summary>The share kept for validation, in [0, 1); 0.0005 as in nanoGPT. A share of 0 writes no <c>val.bin</c>, and neither does one by
    /// which no document was drawn.</summary>
    public double ValidationShare { get; init; } = 0.0005;

    /// <summary>What the share is of.</summary>
    public ValidationSplit Split { get; init; } = ValidationSplit.Documents;

    /// <summary>Decides which documents are drawn for validation.</summary>
    public long Seed { get; init; }

    /// <summary>The token put behind each document, such as <see cref="Gpt2Tokens.EndOfText"/>; null for none.</summary>
    public int? Separator { get; init; }

    /// <summary>How many documents are tokenized at once; at least 1. The result does not depend on it.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>Whether to throw away what the folder holds of an earlier preparation; else one that was interrupted goes on, and one that was
    /// completed is an error.</summary>
    public bool Restart { get; init; }

    /// <summary>Is told of each document that is left out; once more where an interrupted preparation goes on.</summary>
    public Action<BrokenDocument>? Broken { get; init; }

    /// <summary>How often what is done so far is made safe.</summary>
    internal TimeSpan CommitInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longer text files are read in parts of this many characters.</summary>
    internal int PartLength { get; init; } = DocumentReading.ShortPart;

    /// <summary>Checks the options.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    internal void Validate(NamedTokenizer tokenizer)
    {
        ArgumentException.ThrowIfNullOrEmpty(Output);
        if (!(ValidationShare is >= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(ValidationShare), $"{nameof(ValidationShare)} is {ValidationShare}; expected a share in [0, 1).");
        if (!Enum.IsDefined(Split)) throw new ArgumentOutOfRangeException(nameof(Split), Split, "Expected Documents or Tail.");
        if (Separator < 0 || Separator >= tokenizer.VocabularySize)
            throw new ArgumentOutOfRangeException(nameof(Separator), Separator,
                $"Expected a token of '{tokenizer.Name}', from 0 to {tokenizer.VocabularySize - 1}, or none.");
        ArgumentOutOfRangeException.ThrowIfLessThan(Workers, 1);
    }
}

/// <summary>How far a preparation is.</summary>
/// <param name="Documents">Documents prepared.</param>
/// <param name="BrokenDocuments">Documents left out.</param>
/// <param name="TextBytes">The text prepared, in bytes of UTF-8.</param>
/// <param name="Tokens">Tokens prepared, for training and validation.</param>
/// <param name="SourcePosition">Bytes read of the corpus's files, compressed where they are.</param>
/// <param name="SourceLength">The length of the corpus's files in bytes; null where it is not known.</param>
/// <param name="TokensPerSecond">The speed of this run.</param>
/// <param name="Elapsed">The time since this run began.</param>
/// <param name="Resuming">Whether this run is still reading what an interrupted one had prepared.</param>
public readonly record struct PreparationProgress(
    long Documents, long BrokenDocuments, long TextBytes, long Tokens, long SourcePosition, long? SourceLength,
    double TokensPerSecond, TimeSpan Elapsed, bool Resuming);

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

/// <summary>Consecutive documents, which are tokenized together.</summary>
/// <param name="Index">The batch's number, from 0.</param>
/// <param name="Documents">The documents and parts of documents.</param>
/// <param name="FirstDocument">The number of the document to which the first of them belongs.</param>
/// <param name="SourcePosition">How many bytes of the files had been read for it.</param>
/// <param name="Broken">How many documents had been left out.</param>
internal sealed record DocumentBatch(
    long Index, IReadOnlyList<TextDocument> Documents, long FirstDocument, long SourcePosition, long Broken);

/// <summary>Divides a corpus into batches that depend on its documents alone.</summary>
internal static class DocumentBatches
{
    /// <summary>Documents of one batch, at most.</summary>
    public const int MaxDocuments = 512;

    /// <summary>A batch of this many characters is full: enough that passing it on costs nothing, and little enough to be in memory many
    /// times.</summary>
    private const int FullLength = 1 << 18;

    /// <summary>The batches, read as they are asked for.</summary>
    public static IEnumerable<DocumentBatch> Read(TextDocuments corpus, CorpusPreparationOptions options)
    {
        long broken = 0;
        var reading = new DocumentReading
        {
            PartLength = options.PartLength,
            Broken = document =>
            {
                broken++;
                options.Broken?.Invoke(document);
            },
        };
        var batch = new DocumentBatch(0, [], 0, 0, 0);
        var (documents, length, ended) = (new List<TextDocument>(), 0, 0L);
        foreach (var document in corpus.Read(reading))
        {
            documents.Add(document);
            length += document.Text.Length;
            ended += document.Continues ? 0 : 1;
            if (length < FullLength && documents.Count < MaxDocuments) continue;
            yield return batch = batch with { Documents = documents, SourcePosition = reading.Position, Broken = broken };
            batch = batch with { Index = batch.Index + 1, FirstDocument = ended };
            (documents, length) = ([], 0);
        }
        yield return batch with { Documents = documents, SourcePosition = reading.Position, Broken = broken };
    }
}

/// <summary>What a batch of documents became.</summary>
internal sealed class TokenizedBatch
{
    private TokenizedBatch(DocumentBatch batch) => Batch = batch;

    public DocumentBatch Batch { get; }

    public List<int> Train { get; } = [];

    public List<int> Validation { get; } = [];

    /// <summary>How many documents end in the batch.</summary>
    public int Documents { get; private set; }

    /// <summary>The text in bytes of UTF-8.</summary>
    public long TextBytes { get; private set; }

    /// <summary>SHA-256 of the documents.</summary>
    public required byte[] Hash { get; init; }

    /// <summary>A batch that is only recognised.</summary>
    public static TokenizedBatch HashOnly(DocumentBatch batch) => new(batch) { Hash = HashOf(batch.Documents) };

    public static TokenizedBatch Tokenize(DocumentBatch batch, NamedTokenizer tokenizer, int? separator, DocumentDraw draw)
    {
        var result = HashOnly(batch);
        foreach (var document in batch.Documents)
        {
            var tokens = draw.Validates(batch.FirstDocument + result.Documents) ? result.Validation : result.Train;
            tokenizer.Encode(document, tokens);
            result.TextBytes += Encoding.UTF8.GetByteCount(document.Text);
            if (document.Continues) continue;
            result.Documents++;
            if (separator is { } token) tokens.Add(token);
        }
        return result;
    }

    private static byte[] HashOf(IReadOnlyList<TextDocument> documents)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var document in documents)
        {
            hash.AppendData(BitConverter.GetBytes(document.Continues ? -document.Text.Length : document.Text.Length));
            hash.AppendData(MemoryMarshal.AsBytes(document.Text.AsSpan()));
        }
        return hash.GetHashAndReset();
    }
}

/// <summary>Draws documents for validation, each from the seed and its number alone.</summary>
internal readonly struct DocumentDraw(long seed, double share)
{
    public bool Validates(long document) => (Bits(document) >> 11) * (1.0 / (1L << 53)) < share;

    private ulong Bits(long document) => SplitMix64.Mix((ulong)seed + ((ulong)document * SplitMix64.GoldenRatio));
}

/// <summary>Parallel work on a stream, with the results in the stream's order.</summary>
internal static class OrderedParallel
{
    /// <summary>How many items, for each worker, are taken from the stream before their results are asked for.</summary>
    private const int AheadPerWorker = 2;

    /// <summary>Works on items; no more than <paramref name="workers"/> · 2 + 1 of them are in memory. Leaves nothing running behind.</summary>
    public static IEnumerable<TResult> Select<TItem, TResult>(IEnumerable<TItem> items, Func<TItem, TResult> work, int workers)
    {
        var scheduler = new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default, workers).ConcurrentScheduler;
        var pending = new Queue<Task<TResult>>();
        try
        {
            foreach (var item in items)
            {
                pending.Enqueue(Task.Factory.StartNew(() => work(item), CancellationToken.None, TaskCreationOptions.None, scheduler));
                if (pending.Count > AheadPerWorker * workers) yield return pending.Dequeue().GetAwaiter().GetResult();
            }
            while (pending.TryDequeue(out var last)) yield return last.GetAwaiter().GetResult();
        }
        finally
        {
            foreach (var abandoned in pending) ((IAsyncResult)abandoned).AsyncWaitHandle.WaitOne();
        }
    }
}
