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
