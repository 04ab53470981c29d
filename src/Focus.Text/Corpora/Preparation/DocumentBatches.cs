namespace Focus;

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
