using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Focus;

/// <summary>Turns a corpus into files of tokens for training and validation, as nanoGPT's <c>prepare.py</c> does.</summary>
/// <remarks>
/// <para>
/// Documents are tokenized in parallel and written in their order, each followed by the separator. The result depends only on the documents and the
/// settings. Memory holds a few documents per worker, and only parts of long text files, however large the corpus is.
/// </para>
/// <para>
/// Progress is saved every few seconds. After an interruption (cancellation, a full disk, a killed process) run the preparation again to resume:
/// documents already prepared are read and compared, but not tokenized again, and the result is the same, byte for byte.
/// </para>
/// </remarks>
public static class CorpusPreparation
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Prepares a corpus, or resumes its preparation.</summary>
    /// <param name="documents">The corpus.</param>
    /// <param name="tokenizer">The tokenizer; several threads use it at once.</param>
    /// <param name="options">Output folder and settings.</param>
    /// <param name="progress">Receives the progress a few times a second; null for none.</param>
    /// <param name="cancellationToken">Stops the work between two batches of documents; what was prepared is kept.</param>
    /// <returns>The description of the prepared corpus.</returns>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    /// <exception cref="InvalidDataException">The corpus or the settings differ from those of the interrupted preparation, the corpus holds no
    /// text, or the tokenizer refuses a document.</exception>
    /// <exception cref="IOException">The folder holds other results, or files cannot be read or written; what was prepared is kept, even on a full
    /// disk.</exception>
    public static PreparedCorpus Run(
        TextDocuments documents, NamedTokenizer tokenizer, CorpusPreparationOptions options,
        IProgress<PreparationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(documents);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate(tokenizer);
        using var folder = new PreparationFolder(tokenizer, options);
        try
        {
            if (!folder.Journal.IsComplete) Prepare(documents, tokenizer, options, folder, progress, cancellationToken);
            return folder.Finish();
        }
        catch (IOException failure)
        {
            throw new IOException(
                $"The preparation into {options.Output} was interrupted: {failure.Message.TrimEnd('.')}. What was prepared is kept: " +
                "remove the cause, such as a full disk, and run again to resume.", failure);
        }
    }

    /// <summary>Reads the corpus once: compares the batches that an interrupted run has prepared, then tokenizes and appends the rest.</summary>
    private static void Prepare(
        TextDocuments documents, NamedTokenizer tokenizer, CorpusPreparationOptions options, PreparationFolder folder,
        IProgress<PreparationProgress>? progress, CancellationToken cancellationToken)
    {
        folder.OpenTokens();
        var (begun, corpus) = (folder.Journal, folder.Journal.Corpus);
        var clock = Stopwatch.StartNew();
        var (committed, reported) = (TimeSpan.Zero, TimeSpan.Zero);
        var (hash, batch) = ("", new DocumentBatch(0, 0));
        foreach (var next in SelectInOrder(DocumentBatch.Read(documents, options), Process, options.Workers))
        {
            batch = next;
            hash = PreparationJournal.Chain(hash, batch.Hash);
            if (batch.Index + 1 == begun.Batches && hash != begun.CorpusHash) throw OtherCorpus();
            var cancelled = cancellationToken.IsCancellationRequested;
            if (batch.Index >= begun.Batches)
            {
                folder.Append(batch, hash);
                corpus = folder.Journal.Corpus;
                if (cancelled || clock.Elapsed - committed >= options.CommitInterval)
                {
                    folder.Commit();
                    committed = clock.Elapsed;
                }
            }
            if (clock.Elapsed - reported >= ReportInterval) Report();
            if (cancelled) cancellationToken.ThrowIfCancellationRequested();
        }
        if (batch.Index + 1 < begun.Batches) throw OtherCorpus();
        if (corpus.Tokens == 0)
            throw new InvalidDataException(
                $"The corpus holds no text: {corpus.Documents} documents without any, and {batch.Broken} that could not be read.");
        Report();

        DocumentBatch Process(DocumentBatch batch)
        {
            batch.ComputeHash();
            if (batch.Index >= begun.Batches) batch.Tokenize(tokenizer, options);
            return batch;
        }

        void Report()
        {
            reported = clock.Elapsed;
            progress?.Report(new PreparationProgress(
                corpus.Documents, batch.Broken, corpus.TextBytes, corpus.Tokens, batch.SourcePosition, documents.SourceLength,
                (corpus.Tokens - begun.Corpus.Tokens) / reported.TotalSeconds, reported, Resuming: batch.Index < begun.Batches));
        }

        InvalidDataException OtherCorpus() => new(
            $"The first {begun.Corpus.Documents} documents are not those of the interrupted preparation in {options.Output}: the corpus, " +
            "or its order, has changed. Resume with the original corpus, or start over (Restart).");
    }

    /// <summary>Processes items on several threads and returns the results in order. No work is left running.</summary>
    private static IEnumerable<TResult> SelectInOrder<TItem, TResult>(IEnumerable<TItem> items, Func<TItem, TResult> process, int workers)
    {
        var scheduler = new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default, workers).ConcurrentScheduler;
        var pending = new Queue<Task<TResult>>();
        try
        {
            foreach (var item in items)
            {
                pending.Enqueue(Task.Factory.StartNew(() => process(item), CancellationToken.None, TaskCreationOptions.None, scheduler));
                if (pending.Count > 2L * workers) yield return pending.Dequeue().GetAwaiter().GetResult();
            }
            while (pending.TryDequeue(out var last)) yield return last.GetAwaiter().GetResult();
        }
        finally
        {
            foreach (var abandoned in pending) ((IAsyncResult)abandoned).AsyncWaitHandle.WaitOne();
        }
    }
}

/// <summary>Settings of <see cref="CorpusPreparation"/>.</summary>
public sealed record CorpusPreparationOptions
{
    /// <summary>The folder for <c>train.bin</c>, <c>val.bin</c> and <c>meta.json</c>, created if it is missing.</summary>
    public required string Output { get; init; }

    /// <summary>The share kept for validation, in [0, 1); 0.0005 as in nanoGPT. There is no <c>val.bin</c> if the share is 0 or no document is
    /// drawn.</summary>
    public double ValidationShare { get; init; } = 0.0005;

    /// <summary>What the share is of.</summary>
    public ValidationSplit Split { get; init; } = ValidationSplit.Documents;

    /// <summary>Seeds the drawing of documents for validation.</summary>
    public long Seed { get; init; }

    /// <summary>The token put after each document, such as <see cref="Gpt2Tokens.EndOfText"/>; null for none.</summary>
    public int? Separator { get; init; }

    /// <summary>How many batches of documents are tokenized at once, at least 1. The result does not depend on it.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>Whether to delete an earlier preparation in the folder. Otherwise an interrupted one is resumed, and a completed one is an
    /// error.</summary>
    public bool Restart { get; init; }

    /// <summary>Called for each document that is skipped, and again for those that a resumed preparation reads again.</summary>
    public Action<BrokenDocument>? Broken { get; init; }

    /// <summary>How often progress is saved.</summary>
    internal TimeSpan CommitInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longer text files are read in parts of this many characters.</summary>
    internal int PartLength { get; init; } = DocumentReading.ShortPart;

    internal void Validate(NamedTokenizer tokenizer)
    {
        ArgumentException.ThrowIfNullOrEmpty(Output);
        Check.Fraction(ValidationShare);
        Check.Defined(Split);
        if (Separator is { } token) Check.Between(0, tokenizer.VocabularySize - 1, token, nameof(Separator));
        Check.AtLeast(1, Workers);
    }

    /// <summary>Whether a document, numbered from 0, is drawn for validation.</summary>
    internal bool Validates(long document)
        => Split == ValidationSplit.Documents
            && (SplitMix64.Mix((ulong)Seed + ((ulong)document * SplitMix64.GoldenRatio)) >> 11) * (1.0 / (1L << 53)) < ValidationShare;
}

/// <summary>How a corpus is divided into training and validation tokens.</summary>
public enum ValidationSplit
{
    /// <summary>
    /// Whole documents are drawn independently: document n (from 0) is drawn if u(seed, n) &lt; share, where u in [0, 1) is the upper 53 bits
    /// of SplitMix64's output for the state seed + (n + 1) · 0x9E3779B97F4A7C15 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
    /// Generators, 2014).
    /// </summary>
    Documents,

    /// <summary>The last tokens of the corpus, as in nanoGPT's character-level experiments: the first ⌊tokens · (1 − share)⌋ are for training. Suits
    /// corpora of few documents.</summary>
    Tail,
}

/// <summary>The progress of a preparation.</summary>
/// <param name="Documents">Documents prepared.</param>
/// <param name="BrokenDocuments">Documents skipped.</param>
/// <param name="TextBytes">Text prepared, in bytes of UTF-8.</param>
/// <param name="Tokens">Tokens prepared, for training and validation.</param>
/// <param name="SourcePosition">Bytes read of the corpus's files, compressed where they are.</param>
/// <param name="SourceLength">The length of the corpus's files in bytes; null if unknown.</param>
/// <param name="TokensPerSecond">The speed of this run.</param>
/// <param name="Elapsed">The time since this run started.</param>
/// <param name="Resuming">Whether this run is still reading what an interrupted one has prepared.</param>
public readonly record struct PreparationProgress(
    long Documents, long BrokenDocuments, long TextBytes, long Tokens, long SourcePosition, long? SourceLength,
    double TokensPerSecond, TimeSpan Elapsed, bool Resuming);

/// <summary>Consecutive documents, and parts of documents, that are tokenized together.</summary>
internal sealed class DocumentBatch(long index, long firstDocument)
{
    public const int MaxDocuments = 512;

    /// <summary>A batch of this many characters is full: enough to make handing it to a thread cheap, few enough to hold many in memory.</summary>
    private const int FullLength = 1 << 18;

    private readonly List<TextDocument> documents = [];
    private int length;

    public long Index => index;

    /// <summary>The number of the first document, or of the one that the first part belongs to.</summary>
    public long FirstDocument => firstDocument;

    /// <summary>How many documents end in the batch.</summary>
    public int Documents { get; private set; }

    /// <summary>How many bytes of the files had been read for it.</summary>
    public long SourcePosition { get; private set; }

    /// <summary>How many documents had been skipped.</summary>
    public long Broken { get; private set; }

    public byte[] Hash { get; private set; } = [];
    public List<int> Train { get; } = [];
    public List<int> Validation { get; } = [];

    /// <summary>The text in bytes of UTF-8.</summary>
    public long TextBytes { get; private set; }

    /// <summary>Divides a corpus into batches that depend on its documents alone; there is always one.</summary>
    public static IEnumerable<DocumentBatch> Read(TextDocuments corpus, CorpusPreparationOptions options)
    {
        var broken = 0L;
        var reading = new DocumentReading { PartLength = options.PartLength, Broken = Skip };
        var batch = new DocumentBatch(0, 0);
        foreach (var document in corpus.Read(reading))
        {
            batch.documents.Add(document);
            batch.length += document.Text.Length;
            batch.Documents += document.Continues ? 0 : 1;
            if (batch.length < FullLength && batch.documents.Count < MaxDocuments) continue;
            (batch.SourcePosition, batch.Broken) = (reading.Position, broken);
            yield return batch;
            batch = new DocumentBatch(batch.Index + 1, batch.FirstDocument + batch.Documents);
        }
        (batch.SourcePosition, batch.Broken) = (reading.Position, broken);
        yield return batch;

        void Skip(BrokenDocument document)
        {
            broken++;
            options.Broken?.Invoke(document);
        }
    }

    public void Tokenize(NamedTokenizer tokenizer, CorpusPreparationOptions options)
    {
        var number = FirstDocument;
        foreach (var document in documents)
        {
            var tokens = options.Validates(number) ? Validation : Train;
            tokenizer.Encode(document, tokens);
            TextBytes += Encoding.UTF8.GetByteCount(document.Text);
            if (document.Continues) continue;
            number++;
            if (options.Separator is { } separator) tokens.Add(separator);
        }
    }

    public void ComputeHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var document in documents)
        {
            hash.AppendData(BitConverter.GetBytes(document.Continues ? -document.Text.Length : document.Text.Length));
            hash.AppendData(MemoryMarshal.AsBytes(document.Text.AsSpan()));
        }
        Hash = hash.GetHashAndReset();
    }
}
