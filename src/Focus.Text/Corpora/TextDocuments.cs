using System.Collections;

namespace Focus;

/// <summary>A corpus as a stream of documents: read lazily, one after the other, from the start each time, always in the same order.</summary>
/// <remarks>
/// Documents that cannot be read are left out and reported. What cannot be opened at all, or a disk that fails, ends the reading with the exception
/// of the file system.
/// </remarks>
public sealed class TextDocuments : IEnumerable<TextDocument>
{
    private readonly Func<DocumentReading, IEnumerable<TextDocument>> read;

    private TextDocuments(Func<DocumentReading, IEnumerable<TextDocument>> read, long? sourceLength)
    {
        this.read = read;
        SourceLength = sourceLength;
    }

    /// <summary>The length of the files that are read, in bytes, compressed where they are; null where there are no files.</summary>
    public long? SourceLength { get; }

    /// <summary>Text files in UTF-8, with or without a byte order mark.</summary>
    /// <param name="paths">Files; folders, whose files *.txt are read, those in folders below too; and patterns with <c>*</c> for any name and
    /// <c>**</c> for any folders, such as <c>corpus/**/*.txt</c>. The files of one path are read in the order of their names.</param>
    /// <param name="perLine">Whether each line that is not blank is a document, or else each file.</param>
    /// <exception cref="FileNotFoundException">A file is missing, or no file matches a folder or pattern.</exception>
    public static TextDocuments FromFiles(IEnumerable<string> paths, bool perLine = false)
    {
        var files = CorpusFiles.Find(paths, "*.txt");
        return new TextDocuments(reading => files.SelectMany(file => TextFiles.Read(file, perLine, reading)), CorpusFiles.Length(files));
    }

    /// <inheritdoc cref="FromFiles(IEnumerable{string}, bool)"/>
    /// <param name="path">A file, folder or pattern.</param>
    /// <param name="perLine">Whether each line that is not blank is a document, or else each file.</param>
    public static TextDocuments FromFiles(string path, bool perLine = false) => FromFiles([path], perLine);

    /// <summary>A corpus as OpenWebText is distributed: archives of text files, compressed archives within archives, or JSON lines.</summary>
    /// <param name="path">
    /// A file, a folder, all of whose files are read, or a pattern: tar archives, and anything compressed as xz or gzip, are opened however deep
    /// they lie; in them a file *.txt is a document, and each line of a file *.json, *.jsonl or *.ndjson is an object whose field <c>text</c> is one.
    /// </param>
    /// <exception cref="FileNotFoundException">The file is missing, or no file matches the folder or pattern.</exception>
    public static TextDocuments FromOpenWebText(string path)
    {
        var files = CorpusFiles.Find([path], "*");
        return new TextDocuments(reading => files.SelectMany(file => ArchiveReader.Read(file, reading)), CorpusFiles.Length(files));
    }

    /// <summary>Documents from elsewhere.</summary>
    /// <param name="documents">Enumerated anew for each reading.</param>
    public static TextDocuments From(IEnumerable<TextDocument> documents)
    {
        ArgumentNullException.ThrowIfNull(documents);
        return new TextDocuments(_ => documents, sourceLength: null);
    }

    /// <summary>Reads the documents.</summary>
    /// <param name="broken">Is told of each document that is left out, as the reading comes to it.</param>
    public IEnumerable<TextDocument> Read(Action<BrokenDocument>? broken = null) => Read(new DocumentReading { Broken = broken });

    internal IEnumerable<TextDocument> Read(DocumentReading reading) => read(reading);

    /// <inheritdoc/>
    public IEnumerator<TextDocument> GetEnumerator() => Read().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
