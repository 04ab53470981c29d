namespace Focus.Tests;

/// <summary>What a corpus gave.</summary>
internal sealed class DocumentsRead
{
    public DocumentsRead(TextDocuments corpus) => Documents = [.. corpus.Read(Broken.Add)];

    public List<BrokenDocument> Broken { get; } = [];

    public TextDocument[] Documents { get; }

    public string[] Texts => [.. Documents.Select(document => document.Text)];
}
