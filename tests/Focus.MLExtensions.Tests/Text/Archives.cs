using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using ICSharpCode.SharpZipLib.BZip2;
using Parquet;
using Parquet.Schema;

namespace Focus.Tests;

/// <summary>Makes archives for tests.</summary>
internal static class Archives
{
    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    public static byte[] Tar(params (string Name, byte[] Content)[] entries) => Tar(TarEntryFormat.Pax, entries);

    public static byte[] Tar(TarEntryFormat format, params (string Name, byte[] Content)[] entries)
    {
        var bytes = new MemoryStream();
        using (var writer = new TarWriter(bytes, format))
            foreach (var (name, content) in entries)
                writer.WriteEntry(Entry(format, name, content));
        return bytes.ToArray();
    }

    public static byte[] Gzip(byte[] content)
    {
        var bytes = new MemoryStream();
        using (var compressed = new GZipStream(bytes, CompressionLevel.Fastest)) compressed.Write(content);
        return bytes.ToArray();
    }

    public static byte[] Zstandard(byte[] content)
    {
        using var compressor = new ZstdSharp.Compressor();
        compressor.SetParameter(ZstdSharp.Unsafe.ZSTD_cParameter.ZSTD_c_checksumFlag, 1); // As the program zstd does.
        return [.. compressor.Wrap(content)];
    }

    public static byte[] Bzip2(byte[] content)
    {
        var bytes = new MemoryStream();
        using (var compressed = new BZip2OutputStream(bytes) { IsStreamOwner = false }) compressed.Write(content);
        return bytes.ToArray();
    }

    public static byte[] Zip(params (string Name, byte[] Content)[] entries)
    {
        var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
            foreach (var (name, content) in entries)
                using (var entry = zip.CreateEntry(name).Open()) entry.Write(content);
        return bytes.ToArray();
    }

    /// <summary>A parquet file with a column of numbers and one of texts, of several row groups.</summary>
    public static byte[] ParquetFile(string column, params string?[][] groups) => ParquetFile(CompressionMethod.Snappy, column, groups);

    public static byte[] ParquetFile(CompressionMethod compression, string column, params string?[][] groups)
    {
        var schema = new ParquetSchema(new DataField<long>("id"), new DataField<string>(column));
        var bytes = new MemoryStream();
        Write().GetAwaiter().GetResult();
        return bytes.ToArray();

        async Task Write()
        {
            await using var writer = await ParquetWriter.CreateAsync(schema, bytes, new ParquetOptions { CompressionMethod = compression });
            foreach (var texts in groups)
            {
                using var group = writer.CreateRowGroup();
                await group.WriteAsync<long>(schema.DataFields[0], new long[texts.Length]);
                await group.WriteAsync(schema.DataFields[1], texts!);
            }
        }
    }

    /// <summary>Compresses through lzma_easy_buffer_encode, with CRC64 as xz does.</summary>
    public static unsafe byte[] Xz(byte[] content)
    {
        const int Crc64 = 4;
        var encode = (delegate* unmanaged<uint, int, void*, byte*, nuint, byte*, nuint*, nuint, int>)
            System.Runtime.InteropServices.NativeLibrary.GetExport(XzStream.Library.Value, "lzma_easy_buffer_encode");
        var target = new byte[content.Length + (content.Length / 3) + 1024];
        nuint length = 0;
        fixed (byte* input = content, output = target)
            Assert.AreEqual(0, encode(1, Crc64, null, input, (nuint)content.Length, output, &length, (nuint)target.Length));
        return target[..(int)length];
    }

    private static TarEntry Entry(TarEntryFormat format, string name, byte[] content)
    {
        var file = format == TarEntryFormat.V7 ? TarEntryType.V7RegularFile : TarEntryType.RegularFile;
        var type = name.EndsWith('/') ? TarEntryType.Directory : file;
        TarEntry entry = format switch
        {
            TarEntryFormat.V7 => new V7TarEntry(type, name),
            TarEntryFormat.Ustar => new UstarTarEntry(type, name),
            TarEntryFormat.Gnu => new GnuTarEntry(type, name),
            _ => new PaxTarEntry(type, name),
        };
        if (type != TarEntryType.Directory) entry.DataStream = new MemoryStream(content);
        return entry;
    }
}
