using System.Buffers.Binary;
using System.Text;

namespace Focus;

/// <summary>Reads documents from parquet files, as Hugging Face distributes data sets: the rows of the column <c>text</c>, a page at a time.</summary>
/// <remarks>
/// Format: parquet.apache.org/docs/file-format. Read are columns of texts that are not nested, plain or with a dictionary, in pages of version 1 and 2,
/// uncompressed or compressed with snappy, gzip or zstd. It is a reader of this library because
/// a damaged file must come to an end, which it does not in Parquet.Net.
/// </remarks>
internal static class ParquetDocuments
{
    private const string ColumnName = "text";
    private const int FooterLength = 8;
    private const long ByteArray = 6, Optional = 1, Repeated = 2;

    public static ReadOnlySpan<byte> Magic => "PAR1"u8;

    public static IEnumerable<TextDocument> Read(Stream file, string source, DocumentReading reading)
    {
        if (!file.CanSeek)
        {
            reading.Skip(source, "expected a parquet file by itself, found it within an archive or a compression; unpack it");
            yield break;
        }
        var (isOptional, chunks) = ReadFooter(file);
        var row = 0L;
        foreach (var chunk in chunks)
            foreach (var text in new ParquetColumnChunk(file, chunk, isOptional).Read())
            {
                var name = $"{source}:{++row}";
                if (text is null) reading.Skip(name, "expected a text, found null");
                else if (Decode(text.Value.Span, name, reading) is { } document) yield return document;
            }
    }

    /// <summary>Unlike a text file's, the text is as it stands.</summary>
    private static TextDocument? Decode(ReadOnlySpan<byte> utf8, string name, DocumentReading reading)
    {
        try
        {
            return new TextDocument(Utf8Text.Strict.GetString(utf8), name);
        }
        catch (DecoderFallbackException invalid)
        {
            reading.Skip(name, Utf8Text.Describe(invalid, 0));
            return null;
        }
    }

    /// <summary>Whether the column may hold nulls, and its chunk in each row group.</summary>
    private static (bool IsOptional, ThriftStructure[] Chunks) ReadFooter(Stream file)
    {
        var end = ReadAt(file, file.Length - FooterLength, FooterLength);
        var length = BinaryPrimitives.ReadInt32LittleEndian(end);
        if (!end.AsSpan(sizeof(int)).SequenceEqual(Magic)) throw new InvalidDataException("the parquet file does not end with its mark");
        ReadOnlySpan<byte> bytes = ReadAt(file, file.Length - FooterLength - length, length);
        var footer = ThriftStructure.Read(ref bytes);
        var schema = footer.Structures(2);
        var column = TopLevel(schema).FirstOrDefault(element => element.Text(4) == ColumnName);
        var groups = footer.Structures(4);
        ThriftStructure[] chunks = [.. groups.SelectMany(group => group.Structures(1)).Where(chunk => Path(chunk) == ColumnName)];
        if (column?.OptionalNumber(1) is not ByteArray || column.OptionalNumber(3) is Repeated || chunks.Length != groups.Length)
            throw new InvalidDataException(
                $"expected a column '{ColumnName}' of texts, found {string.Join(", ", TopLevel(schema).Select(element => element.Text(4)))}; " +
                "rename the column that holds the texts");
        return (column.OptionalNumber(3) is Optional, [.. chunks.Select(chunk => chunk.Structure(3))]);
    }

    /// <summary>The columns that are not within another; the list has each before those within it.</summary>
    private static IEnumerable<ThriftStructure> TopLevel(IEnumerable<ThriftStructure> schema)
    {
        var within = 0L;
        foreach (var element in schema.Skip(1))
        {
            if (within == 0) yield return element;
            within += (element.OptionalNumber(5) ?? 0) - (within > 0 ? 1 : 0);
        }
    }

    private static string Path(ThriftStructure chunk) => string.Join('.', chunk.Structure(3).Texts(3));

    /// <summary>Reads bytes that the file must have.</summary>
    public static byte[] ReadAt(Stream file, long offset, long length)
    {
        if (offset < 0 || length < 0 || offset > file.Length - length || length > DocumentReading.LongestText)
            throw new InvalidDataException($"expected {length} bytes at offset {offset} of the parquet file, which has {file.Length}");
        var bytes = new byte[length];
        file.Position = offset;
        file.ReadExactly(bytes);
        return bytes;
    }
}

/// <summary>The texts of a row group: pages, of which the first may be a dictionary.</summary>
internal sealed class ParquetColumnChunk(Stream file, ThriftStructure chunk, bool isOptional)
{
    private const int Plain = 0, PlainDictionary = 2, Dictionary = 8, LongestHeader = 1 << 20, MostRows = 1 << 20;
    private ReadOnlyMemory<byte>[] dictionary = [];

    /// <summary>The texts in UTF-8, null where there is none.</summary>
    public IEnumerable<ReadOnlyMemory<byte>?> Read()
    {
        var start = Math.Min(chunk.Number(9), chunk.OptionalNumber(11) ?? long.MaxValue);
        var (offset, end) = (start, start + chunk.Number(7));
        for (var rows = chunk.Number(5); rows > 0;)
        {
            var (page, length) = ReadHeader(offset, end);
            var content = ParquetDocuments.ReadAt(file, offset + length, page.Number(3));
            offset += length + content.Length;
            switch (page.Number(1))
            {
                case 2: dictionary = Texts(Decompress(content, page.Number(2)), Count(page.Structure(7).Number(1))); break;
                case 0 or 3:
                    var (header, texts) = page.Number(1) == 0 ? ReadPage(content, page) : ReadPageOfVersion2(content, page);
                    rows -= header.Number(1) <= rows ? header.Number(1) : throw new InvalidDataException("a row group has more rows than it says");
                    foreach (var text in texts) yield return text;
                    break;
            }
        }
    }

    private (ThriftStructure Header, int Length) ReadHeader(long offset, long end)
    {
        var bytes = ParquetDocuments.ReadAt(file, offset, Math.Clamp(end - offset, 1, LongestHeader));
        ReadOnlySpan<byte> rest = bytes;
        var header = ThriftStructure.Read(ref rest);
        return (header, bytes.Length - rest.Length);
    }

    private (ThriftStructure Header, IEnumerable<ReadOnlyMemory<byte>?> Texts) ReadPage(byte[] content, ThriftStructure page)
    {
        var header = page.Structure(5);
        ReadOnlyMemory<byte> values = Decompress(content, page.Number(2));
        ReadOnlyMemory<byte> levels = default;
        if (isOptional)
        {
            var length = Take(ref values, sizeof(int));
            levels = Take(ref values, BinaryPrimitives.ReadInt32LittleEndian(length.Span));
        }
        return (header, Read(levels, values, header.Number(2), Count(header.Number(1))));
    }

    private (ThriftStructure Header, IEnumerable<ReadOnlyMemory<byte>?> Texts) ReadPageOfVersion2(ReadOnlyMemory<byte> content, ThriftStructure page)
    {
        var header = page.Structure(8);
        Take(ref content, header.Number(6));
        var levels = Take(ref content, header.Number(5));
        var values = header.OptionalFlag(7, otherwise: true)
            ? Decompress(content.ToArray(), page.Number(2) - header.Number(5) - header.Number(6)) : content;
        return (header, Read(levels, values, header.Number(4), Count(header.Number(1))));
    }

    /// <summary>The texts of a page, of which there is one wherever the level is 1, or everywhere.</summary>
    private IEnumerable<ReadOnlyMemory<byte>?> Read(ReadOnlyMemory<byte> levels, ReadOnlyMemory<byte> values, long encoding, int count)
    {
        var isThere = isOptional ? Integers(levels.Span, bits: 1, count) : null;
        var texts = ReadPresent(values, encoding, isThere?.Count(level => level == 1) ?? count);
        for (var (row, next) = (0, 0); row < count; row++)
            yield return isThere is null || isThere[row] == 1 ? texts[next++] : (ReadOnlyMemory<byte>?)null;
    }

    private ReadOnlyMemory<byte>[] ReadPresent(ReadOnlyMemory<byte> values, long encoding, int count) => encoding switch
    {
        Plain => Texts(values, count),
        PlainDictionary or Dictionary when count == 0 => [],
        PlainDictionary or Dictionary => Array.ConvertAll(
            Indices(values, count),
            index => index < dictionary.Length ? dictionary[index] : throw new InvalidDataException("a text is not in the dictionary")),
        _ => throw new InvalidDataException($"the encoding {encoding} of texts is not read; write the file with plain or dictionary encoding"),
    };

    private static int[] Indices(ReadOnlyMemory<byte> values, int count)
    {
        var bits = Take(ref values, 1).Span[0];
        return Integers(values.Span, bits, count);
    }

    /// <summary>Texts one after the other, each with its length before it.</summary>
    private static ReadOnlyMemory<byte>[] Texts(ReadOnlyMemory<byte> values, int count)
    {
        if (count > values.Length / sizeof(int)) throw new InvalidDataException($"a page of {values.Length} bytes cannot hold {count} texts");
        var texts = new ReadOnlyMemory<byte>[count];
        for (var i = 0; i < count; i++)
        {
            var length = Take(ref values, sizeof(int));
            texts[i] = Take(ref values, BinaryPrimitives.ReadInt32LittleEndian(length.Span));
        }
        return texts;
    }

    /// <summary>Integers in runs of equals, and in groups of eight of so many bits each.</summary>
    private static int[] Integers(ReadOnlySpan<byte> bytes, int bits, int count)
    {
        if (bits > 31) throw new InvalidDataException($"numbers of {bits} bits are not read");
        var integers = new int[count];
        for (var done = 0; done < count;)
        {
            var (header, shift) = (0, 0);
            for (byte part = 0x80; part >= 0x80 && shift < 32; shift += 7)
            {
                part = Take(ref bytes, 1)[0];
                header |= (part & 0x7F) << shift;
            }
            var length = (int)Math.Min((long)(header >>> 1) * ((header & 1) == 1 ? 8 : 1), count - done);
            if (length == 0) throw new InvalidDataException("a run of numbers is empty");
            if ((header & 1) == 0)
            {
                var value = 0;
                foreach (var (part, i) in Take(ref bytes, (bits + 7) / 8).ToArray().Select((part, i) => (part, i))) value |= part << (8 * i);
                integers.AsSpan(done, length).Fill(value);
            }
            else
            {
                var packed = Take(ref bytes, Math.Min(bytes.Length, (header >>> 1) * (long)bits));
                for (var i = 0; i < length; i++) integers[done + i] = Packed(packed, (long)i * bits, bits);
            }
            done += length;
        }
        return integers.AsSpan().ContainsAnyExceptInRange(0, int.MaxValue) ? throw new InvalidDataException("a number is negative") : integers;
    }

    private static int Packed(ReadOnlySpan<byte> bytes, long start, int bits)
    {
        var value = 0L;
        for (var bit = 0; bit < bits; bit++)
        {
            var place = start + bit;
            if (place / 8 >= bytes.Length) throw new InvalidDataException("packed numbers have no end");
            value |= (long)(bytes[(int)(place / 8)] >> (int)(place % 8) & 1) << bit;
        }
        return (int)value;
    }

    private byte[] Decompress(byte[] content, long length)
    {
        if (length is < 0 or > DocumentReading.LongestText)
            throw new InvalidDataException($"a page has {length} bytes; expected at most {DocumentReading.LongestText}: write smaller pages");
        using var compressed = new MemoryStream(content);
        return chunk.Number(4) switch
        {
            0 => content,
            1 => Snappy(content, length),
            2 => ReadAll(new WholeGzipStream(compressed), length),
            6 => ReadAll(new ZstandardStream(compressed), length),
            var codec => throw new InvalidDataException($"the compression {codec} is not read; write the file with snappy, gzip or zstd"),
        };
    }

    private static byte[] Snappy(byte[] content, long length)
    {
        // Three bytes may stand for 64, so that what is promised may be absurd; and memory is taken for what the content promises.
        if (length > 64L * content.Length || Snappier.Snappy.GetUncompressedLength(content) != length)
            throw new InvalidDataException($"{content.Length} bytes of snappy do not hold a page of {length}");
        var bytes = new byte[length];
        return Snappier.Snappy.TryDecompress(content, bytes, out var written) && written == length
            ? bytes : throw new InvalidDataException("a page is not compressed with snappy");
    }

    /// <summary>Reads so many bytes; memory grows with what there is, not with what is promised.</summary>
    private static byte[] ReadAll(Stream stream, long length)
    {
        using var _ = stream;
        using var bytes = new MemoryStream();
        var block = new byte[1 << 16];
        for (int read; bytes.Length <= length && (read = stream.Read(block)) > 0;) bytes.Write(block, 0, read);
        return bytes.Length == length ? bytes.ToArray() : throw new InvalidDataException($"expected a page of {length} bytes, found {bytes.Length}");
    }

    /// <summary>The number of a page's rows, which take memory before they are read.</summary>
    private static int Count(long count) => count is >= 0 and <= MostRows ? (int)count
        : throw new InvalidDataException($"a page has {count} rows; expected at most {MostRows}: write smaller pages");

    private static ReadOnlyMemory<byte> Take(ref ReadOnlyMemory<byte> bytes, long count)
    {
        if (count < 0 || count > bytes.Length) throw new InvalidDataException("a page ends before its content");
        var taken = bytes[..(int)count];
        bytes = bytes[(int)count..];
        return taken;
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> bytes, long count)
    {
        if (count < 0 || count > bytes.Length) throw new InvalidDataException("a page ends before its content");
        var taken = bytes[..(int)count];
        bytes = bytes[(int)count..];
        return taken;
    }
}
