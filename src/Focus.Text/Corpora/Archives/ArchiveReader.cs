using System.Formats.Tar;

namespace Focus;

/// <summary>Documents from archives, compressed files and archives within them, read as streams: nothing is unpacked.</summary>
internal static class ArchiveReader
{
    public static IEnumerable<TextDocument> Read(string path, DocumentReading reading)
        => path.EndsWith(".txt", StringComparison.OrdinalIgnoreCase)
            ? TextFiles.Read(path, perLine: false, reading)
            : ReadArchive(path, reading);

    private static IEnumerable<TextDocument> ReadArchive(string path, DocumentReading reading)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
        foreach (var document in reading.Guard(ReadContent(file, path, path, reading), path))
        {
            yield return document;
            reading.At(file.Position);
        }
        reading.EndFile(file.Length);
    }

    /// <param name="stream">What to read.</param>
    /// <param name="source">Where it is from.</param>
    /// <param name="name">Its file name without the endings of compressions already undone.</param>
    /// <param name="reading">The pass over the corpus.</param>
    private static IEnumerable<TextDocument> ReadContent(Stream stream, string source, string name, DocumentReading reading)
    {
        using var content = new PeekedStream(stream, ContentKinds.PrefixLength);
        var documents = ContentKinds.Find(content.Prefix, name) switch
        {
            ContentKind.Xz => ReadCompressed(new XzStream(content), source, name, reading),
            ContentKind.Gzip => ReadCompressed(new WholeGzipStream(content), source, name, reading),
            ContentKind.Tar => ReadTar(content, source, reading),
            ContentKind.JsonLines => JsonLines.Read(content, source, reading),
            ContentKind.Text => ReadText(content, source, reading),
            _ => Unknown(source, reading),
        };
        foreach (var document in documents) yield return document;
    }

    private static IEnumerable<TextDocument> ReadCompressed(Stream content, string source, string name, DocumentReading reading)
    {
        using var _ = content;
        foreach (var document in ReadContent(content, source, Path.ChangeExtension(name, null), reading)) yield return document;
    }

    private static IEnumerable<TextDocument> ReadTar(Stream content, string source, DocumentReading reading)
    {
        using var tar = new TarReader(content, leaveOpen: true);
        while (Next(tar) is { } entry)
        {
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile)) continue;
            var name = $"{source}/{entry.Name}";
            var documents = ReadContent(entry.DataStream ?? Stream.Null, name, name, reading);
            foreach (var document in reading.Guard(documents, name)) yield return document;
        }
        content.CopyTo(Stream.Null); // Behind the last entry comes what tells whether compressed data were whole.
    }

    /// <summary>The next entry; a header whose numbers are none is damage like any other.</summary>
    private static TarEntry? Next(TarReader tar)
    {
        try
        {
            return tar.GetNextEntry();
        }
        catch (Exception damage) when (damage is FormatException or ArgumentException or OverflowException)
        {
            throw new InvalidDataException($"expected the header of a tar entry, found another: {damage.Message}", damage);
        }
    }

    private static IEnumerable<TextDocument> ReadText(Stream content, string source, DocumentReading reading)
    {
        using var bytes = new MemoryStream();
        CopyText(content, bytes);
        var read = bytes.GetBuffer().AsSpan(0, (int)bytes.Length);
        if (Utf8Text.TryDecode(read, offset: 0, out var text, out var reason)) return [new TextDocument(text, source)];
        reading.Report(source, reason);
        return [];
    }

    private static void CopyText(Stream content, MemoryStream bytes)
    {
        var block = new byte[1 << 14];
        for (int read; (read = content.Read(block)) > 0;)
        {
            if (bytes.Length + read > DocumentReading.LongestText)
                throw new InvalidDataException($"the document is longer than {DocumentReading.LongestText} bytes");
            bytes.Write(block, 0, read);
        }
    }

    private static IEnumerable<TextDocument> Unknown(string source, DocumentReading reading)
    {
        reading.Report(source, "expected a tar archive, xz, gzip, a text file *.txt or JSON lines; found something else");
        return [];
    }
}
