using System.Collections;
using Microsoft.Extensions.FileSystemGlobbing;

namespace Focus;

/// <summary>A corpus as a stream of documents, read lazily from the start for each enumeration and always in the same order.</summary>
/// <remarks>Documents that cannot be read are skipped and reported. A file that cannot be opened, or a failing disk, ends the reading with the
/// exception of the file system.</remarks>
public sealed class TextDocuments : IEnumerable<TextDocument>
{
    private static readonly char[] Separators = [Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar];

    private readonly Func<DocumentReading, IEnumerable<TextDocument>> read;

    private TextDocuments(Func<DocumentReading, IEnumerable<TextDocument>> read, long? sourceLength)
        => (this.read, SourceLength) = (read, sourceLength);

    /// <summary>The total length of the files in bytes, compressed where they are; null where there are no files.</summary>
    public long? SourceLength { get; }

    /// <summary>Text files in UTF-8, with or without a byte order mark.</summary>
    /// <param name="paths">Files; folders, whose files *.txt are read, including those in subfolders; and patterns with <c>*</c> for any name and
    /// <c>**</c> for any folders, such as <c>corpus/**/*.txt</c>. The files of one path are read in ordinal order of their names.</param>
    /// <param name="perLine">Whether each line that is not blank is a document; otherwise each file is one.</param>
    /// <exception cref="FileNotFoundException">A file is missing, or no file matches a folder or pattern.</exception>
    public static TextDocuments FromFiles(IEnumerable<string> paths, bool perLine = false)
        => FromPaths(paths, "*.txt", (file, reading) => TextFiles.Read(file, perLine, reading));

    /// <inheritdoc cref="FromFiles(IEnumerable{string}, bool)"/>
    /// <param name="path">A file, folder or pattern.</param>
    /// <param name="perLine">Whether each line that is not blank is a document; otherwise each file is one.</param>
    public static TextDocuments FromFiles(string path, bool perLine = false) => FromFiles([path], perLine);

    /// <summary>A corpus as OpenWebText and others are distributed: parquet, JSON, archives of text files, compressed archives within
    /// archives.</summary>
    /// <param name="path">
    /// A file, a folder, all of whose files are read, or a pattern. Each file *.txt is a document; so is the field <c>text</c> of the objects in
    /// files *.json, *.jsonl and *.ndjson, on lines or in an array, and each row of the column <c>text</c> of a parquet file. Tar archives, xz, gzip, zstd
    /// and bzip2 are opened up to eight deep, zip archives where they are files.
    /// </param>
    /// <exception cref="FileNotFoundException">The file is missing, or no file matches the folder or pattern.</exception>
    public static TextDocuments FromOpenWebText(string path) => FromPaths([path], "*", ArchiveReader.Read);

    /// <summary>Documents from another source.</summary>
    /// <param name="documents">Enumerated anew for each reading.</param>
    public static TextDocuments From(IEnumerable<TextDocument> documents)
    {
        ArgumentNullException.ThrowIfNull(documents);
        return new TextDocuments(_ => documents, sourceLength: null);
    }

    /// <summary>Reads the documents.</summary>
    /// <param name="broken">Called for each document that is skipped, in the order of reading.</param>
    public IEnumerable<TextDocument> Read(Action<BrokenDocument>? broken = null) => Read(new DocumentReading { Broken = broken });

    internal IEnumerable<TextDocument> Read(DocumentReading reading) => read(reading);

    /// <inheritdoc/>
    public IEnumerator<TextDocument> GetEnumerator() => Read().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Reads each file that the paths name, once; a folder stands for its files with names like <paramref name="names"/>.</summary>
    private static TextDocuments FromPaths(
        IEnumerable<string> paths, string names, Func<string, DocumentReading, IEnumerable<TextDocument>> read)
    {
        ArgumentNullException.ThrowIfNull(paths);
        string[] files = [.. paths.SelectMany(path => Find(path, names)).DistinctBy(file => Path.GetFullPath(file))];
        Check.NotEmpty(files, nameof(paths));
        return new TextDocuments(reading => files.SelectMany(file => read(file, reading)), files.Sum(file => new FileInfo(file).Length));
    }

    private static IEnumerable<string> Find(string path, string names)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (File.Exists(path)) return [path];
        if (Directory.Exists(path)) return Match(path, "**/" + names, path);
        var wildcard = path.IndexOf('*');
        if (wildcard < 0) throw new FileNotFoundException($"Expected a file, a folder or a pattern at {path}, found nothing.", path);
        var folderEnd = path.LastIndexOfAny(Separators, wildcard) + 1;
        return Match(folderEnd == 0 ? "." : path[..folderEnd], path[folderEnd..], path);
    }

    private static string[] Match(string folder, string pattern, string path)
    {
        var matcher = new Matcher(StringComparison.Ordinal).AddInclude(pattern);
        string[] files = Directory.Exists(folder) ? [.. matcher.GetResultsInFullPath(folder)] : [];
        if (files.Length == 0)
            throw new FileNotFoundException($"No file matches {path}: looked for {pattern} in {Path.GetFullPath(folder)}.", path);
        Array.Sort(files, StringComparer.Ordinal);
        return files;
    }
}

/// <summary>A document of a corpus.</summary>
/// <param name="Text">Its text.</param>
/// <param name="Source">Where it is from: a file's path, followed by names within archives and a line number where there are any.</param>
public sealed record TextDocument(string Text, string Source)
{
    /// <summary>Whether the next document of the stream continues this one, which is too long to be read at once.</summary>
    internal bool Continues { get; init; }
}

/// <summary>A document, or the rest of an archive, that was skipped because it could not be read.</summary>
/// <param name="Source">Where it is from: a file's path, followed by names within archives and a line number where there are any.</param>
/// <param name="Reason">What was expected, what was found, and at which offset.</param>
public sealed record BrokenDocument(string Source, string Reason)
{
    /// <summary>Source and reason.</summary>
    public override string ToString() => $"{Source}: {Reason}";

    /// <summary>The error of a corpus without any readable document, of which this is the first.</summary>
    internal InvalidDataException NothingRead() => new($"The corpus holds no text that can be read; the first document that cannot is {this}.");
}

/// <summary>One pass over a corpus: its settings and its position.</summary>
internal sealed class DocumentReading
{
    /// <summary>The most characters that a string can hold; texts of more bytes are skipped.</summary>
    public const int LongestText = 0x3FFFFFDF;

    /// <summary>The part length that keeps memory small however long the texts are.</summary>
    public const int ShortPart = 1 << 22;

    private long filesRead;

    public Action<BrokenDocument>? Broken { get; init; }

    /// <summary>Text files of more bytes are read in parts of at most this many characters; other documents are never divided.</summary>
    public int PartLength { get; init; } = LongestText;

    /// <summary>How many bytes of the files have been read.</summary>
    public long Position { get; private set; }

    public void Skip(string source, string reason) => Broken?.Invoke(new BrokenDocument(source, reason));

    /// <summary>Passes documents on until the content proves damaged or cut short, which is reported.</summary>
    public IEnumerable<TextDocument> Check(IEnumerable<TextDocument> documents, string source)
    {
        using var enumerator = documents.GetEnumerator();
        while (MoveNext(enumerator, source)) yield return enumerator.Current;
    }

    private bool MoveNext(IEnumerator<TextDocument> enumerator, string source)
    {
        try
        {
            return enumerator.MoveNext();
        }
        catch (Exception damage) when (damage is InvalidDataException or EndOfStreamException)
        {
            Skip(source, $"damaged or cut short: {damage.Message}");
            return false;
        }
    }

    public void At(long offset) => Position = filesRead + offset;

    public void EndFile(long length) => Position = filesRead += length;
}
