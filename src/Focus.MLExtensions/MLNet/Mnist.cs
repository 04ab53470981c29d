using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>MNIST as a view with the columns Features and Label.</summary>
internal static class MnistDataView
{
    private const int Height = 28, Width = 28, Pixels = Height * Width, Classes = 10;

    /// <summary>The intensity of each byte: byte / 255.</summary>
    private static readonly float[] Intensities = [.. Enumerable.Range(0, 256).Select(value => value / 255f)];

    public static IDataView Create(string imagePath, string labelPath)
    {
        var images = IdxFile.ReadImages(imagePath, Height, Width);
        var labels = IdxFile.ReadVector(labelPath);
        if (images.Count != labels.Count)
            throw new InvalidDataException(
                $"'{imagePath}' holds {images.Count} images, but '{labelPath}' holds {labels.Count} labels; expected as many.");
        var invalid = labels.Data.IndexOfAnyExceptInRange((byte)0, (byte)(Classes - 1));
        if (invalid >= 0)
            throw new InvalidDataException(
                $"'{labelPath}', byte {labels.Offset(invalid)}: expected a label from 0 to {Classes - 1}, found {labels.Data[invalid]}.");

        return new IndexedDataView(images.Count,
            ViewColumn<int>.Create("Features", new VectorDataViewType(NumberDataViewType.Single, Pixels),
                (int row, ref VBuffer<float> features) => ReadImage(images.Data.Slice(row * Pixels, Pixels), ref features)),
            ViewColumn<int>.Create("Label", new KeyDataViewType(typeof(uint), Classes),
                (int row, ref uint label) => label = labels.Data[row] + 1u, DigitNames()));
    }

    private static void ReadImage(ReadOnlySpan<byte> image, ref VBuffer<float> features)
    {
        var editor = VBufferEditor.Create(ref features, Pixels);
        var values = editor.Values;
        var intensities = Intensities;
        for (var i = 0; i < image.Length && i < values.Length; i++) values[i] = intensities[image[i]];
        features = editor.Commit();
    }

    private static DataViewSchema.Annotations DigitNames()
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        new KeyValues(KeyValueType.Text.Name, [.. Enumerable.Range(0, Classes).Select(digit => $"{digit}")]).AddTo(annotations);
        return annotations.ToAnnotations();
    }
}

/// <summary>A part of MNIST.</summary>
public enum MnistSplit
{
    /// <summary>The 60,000 training images.</summary>
    Train,

    /// <summary>The 10,000 test images.</summary>
    Test,
}

/// <summary>The image and the label file of a split.</summary>
internal sealed record MnistFileNames(MnistFileName Images, MnistFileName Labels)
{
    private static readonly MnistFileNames Train = new(
        new("train-images", "idx3-ubyte", "db8f937d487057fb14a9f0fbe97f0bc8d311ab41b750d41e1ff37c43b9e55e19"),
        new("train-labels", "idx1-ubyte", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"));

    private static readonly MnistFileNames Test = new(
        new("t10k-images", "idx3-ubyte", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        new("t10k-labels", "idx1-ubyte", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"));

    public static MnistFileNames Of(MnistSplit split) => split switch
    {
        MnistSplit.Train => Train,
        MnistSplit.Test => Test,
        _ => throw new ArgumentOutOfRangeException(nameof(split), $"MNIST has the splits Train and Test, no {split}."),
    };
}

/// <summary>One of MNIST's four files.</summary>
/// <param name="Stem">The part before the format, such as <c>train-images</c>.</param>
/// <param name="Format"><c>idx3-ubyte</c> or <c>idx1-ubyte</c>.</param>
/// <param name="Checksum">The SHA-256 checksum of the gzipped file as it was published, in lower-case hexadecimal digits.</param>
internal sealed record MnistFileName(string Stem, string Format, string Checksum)
{
    public string Published => $"{Stem}-{Format}.gz";

    /// <summary>The file names that are tried, in this order.</summary>
    private IEnumerable<string> Candidates => [$"{Stem}-{Format}", $"{Stem}.{Format}", Published, $"{Stem}.{Format}.gz"];

    public bool IsIn(string folder) => Candidates.Any(name => File.Exists(Path.Combine(folder, name)));

    public string Find(string folder) => Candidates.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
        ?? throw new FileNotFoundException(
            $"There is no MNIST file {string.Join(" or ", Candidates)} in '{Path.GetFullPath(folder)}'. Put one there, " +
            $"or let LoadMnist fetch it: LoadMnist(folder, split, new {nameof(MnistDownload)}()).",
            Path.Combine(folder, Published));
}

/// <summary>Where and how MNIST's files are downloaded.</summary>
/// <remarks>Every file is checked against its SHA-256 checksum before it gets its name; what was there already is left alone.</remarks>
public sealed record MnistDownload
{
    /// <summary>
    /// An absolute http or https address under which the gzipped files lie by their usual names, such as <c>train-images-idx3-ubyte.gz</c>.
    /// </summary>
    public Uri BaseAddress { get; init; } = new("https://ossci-datasets.s3.amazonaws.com/mnist/");

    /// <summary>Receives the progress of each file's download; null for none.</summary>
    public IProgress<MnistDownloadProgress>? Progress { get; init; }

    /// <summary>Stops the download, leaving nothing half-written behind.</summary>
    public CancellationToken CancellationToken { get; init; }
}

/// <summary>How far the download of a file has come.</summary>
/// <param name="FileName">The file's name.</param>
/// <param name="BytesReceived">Bytes received so far.</param>
/// <param name="TotalBytes">The size of the file in bytes, or null where the server does not say.</param>
public readonly record struct MnistDownloadProgress(string FileName, long BytesReceived, long? TotalBytes);

/// <summary>Fetches the MNIST files that a folder lacks.</summary>
internal sealed class MnistDownloader(MnistDownload options)
{
    private static readonly HttpClient Client = new();

    /// <summary>Downloads those of the two files that are missing; those that arrived before a failure stay, and need not be fetched
    /// again.</summary>
    public void Complete(string folder, MnistFileNames names)
    {
        if (options.BaseAddress is not { IsAbsoluteUri: true } address || address.Scheme is not ("http" or "https"))
            throw new ArgumentException(
                $"{nameof(MnistDownload)}.{nameof(MnistDownload.BaseAddress)} is '{options.BaseAddress}'; it must be an absolute http or https address.",
                nameof(options));
        Directory.CreateDirectory(folder);
        foreach (var name in new[] { names.Images, names.Labels }.Where(name => !name.IsIn(folder)))
            // Off the caller's synchronization context, as the caller blocks.
            Task.Run(() => DownloadAsync(name, Path.Combine(folder, name.Published))).GetAwaiter().GetResult();
    }

    private async Task DownloadAsync(MnistFileName name, string path)
    {
        var address = new Uri(options.BaseAddress.AbsoluteUri.TrimEnd('/') + '/' + name.Published);
        try
        {
            using var response = await Client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, options.CancellationToken);
            response.EnsureSuccessStatusCode();
            await AtomicFile.WriteAsync(path, file => CopyAsync(response.Content, file, name, address));
        }
        catch (Exception error) when (error is HttpRequestException or HttpIOException or TaskCanceledException { InnerException: TimeoutException })
        {
            throw new HttpRequestException(
                $"{address} could not be downloaded: {error.Message} " +
                $"Set {nameof(MnistDownload)}.{nameof(MnistDownload.BaseAddress)} to a mirror that has it, " +
                $"or put the file into '{Path.GetDirectoryName(path)}' yourself.",
                error, (error as HttpRequestException)?.StatusCode);
        }
    }

    /// <summary>Copies the content to the file, and compares its checksum.</summary>
    private async Task CopyAsync(HttpContent content, Stream file, MnistFileName name, Uri address)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var source = await content.ReadAsStreamAsync(options.CancellationToken);
        var buffer = new byte[1 << 16];
        long received = 0;
        for (int count; (count = await source.ReadAsync(buffer, options.CancellationToken)) > 0;)
        {
            hash.AppendData(buffer, 0, count);
            await file.WriteAsync(buffer.AsMemory(0, count), options.CancellationToken);
            received += count;
            options.Progress?.Report(new(name.Published, received, content.Headers.ContentLength));
        }

        var checksum = Convert.ToHexStringLower(hash.GetHashAndReset());
        if (checksum != name.Checksum)
            throw new InvalidDataException(
                $"{address} is not the published file: its {received} bytes have the SHA-256 checksum {checksum}, " +
                $"expected {name.Checksum}. Nothing was kept.");
    }
}

/// <summary>A file of unsigned bytes in the IDX format of MNIST: a magic number, big-endian sizes, and the bytes.</summary>
/// <remarks>Whether a file is gzipped is told by its first bytes, not by its name.</remarks>
internal sealed class IdxFile
{
    private const int MagicOfVectors = 0x0801, MagicOfImages = 0x0803;

    private readonly byte[] bytes;
    private readonly int headerSize;

    private IdxFile(byte[] bytes, int headerSize, int count) => (this.bytes, this.headerSize, Count) = (bytes, headerSize, count);

    public int Count { get; }

    /// <summary>The items one after the other.</summary>
    public ReadOnlySpan<byte> Data => bytes.AsSpan(headerSize);

    /// <summary>Where an item's byte stands in the file, decompressed.</summary>
    public long Offset(long item) => headerSize + item;

    public static IdxFile ReadVector(string path) => Read(path, MagicOfVectors, "labels", []);

    public static IdxFile ReadImages(string path, int height, int width) => Read(path, MagicOfImages, "images", [height, width]);

    private static IdxFile Read(string path, int magic, string content, ReadOnlySpan<int> itemSize)
    {
        var headerSize = sizeof(int) * (2 + itemSize.Length);
        var itemLength = itemSize.ToArray().Aggregate(1L, (product, size) => product * size);
        var bytes = Decompress(path, header => headerSize + Math.Max(0, Number(header, sizeof(int))) * itemLength);
        if (bytes.Length >= sizeof(int)) RequireMagic(path, Number(bytes, 0), magic, content);
        if (bytes.Length < headerSize)
            throw Fault(path, bytes.Length, $"expected a header of {headerSize} bytes, found the end of the file");

        var count = Number(bytes, sizeof(int));
        if (count < 0) throw Fault(path, sizeof(int), $"expected a number of {content}, found {count}");
        long expected = count;
        for (var i = 0; i < itemSize.Length; i++)
        {
            var offset = sizeof(int) * (2 + i);
            var size = Number(bytes, offset);
            if (size != itemSize[i])
                throw Fault(path, offset, $"expected images of {string.Join(" × ", itemSize.ToArray())} pixels, found {size} instead of {itemSize[i]}");
            expected *= size;
        }

        var found = bytes.Length - headerSize;
        if (found < expected)
            throw Fault(path, bytes.Length, $"expected {expected} bytes after the header for {count} {content}, found {found}: the file is cut short");
        if (found > expected)
            throw Fault(path, headerSize + expected, $"expected the end of the file after {count} {content}, found more bytes");
        return new IdxFile(bytes, headerSize, count);
    }

    private static void RequireMagic(string path, int found, int expected, string content)
    {
        if (found == expected) return;
        var hint = found is MagicOfImages or MagicOfVectors ? "; the image and the label file seem to be swapped" : "";
        throw Fault(path, 0, $"expected the magic number 0x{expected:x8} of a file of {content}, found 0x{found:x8}{hint}");
    }

    private static int Number(byte[] bytes, int offset) => BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(offset));

    /// <summary>The bytes of a file, gzipped or not.</summary>
    /// <param name="path">The file.</param>
    /// <param name="lengthOf">The length that its first bytes promise: little more is decompressed, however much the file expands to.</param>
    private static byte[] Decompress(string path, Func<byte[], long> lengthOf)
    {
        const int known = 2 * sizeof(int), longest = 1 << 30;
        var bytes = File.ReadAllBytes(path);
        if (bytes is not [0x1f, 0x8b, ..]) return bytes;

        using var plain = new MemoryStream();
        var length = 0L;
        try
        {
            using var gzip = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress);
            var buffer = new byte[1 << 16];
            var count = gzip.ReadAtLeast(buffer, known, throwOnEndOfStream: false);
            if (count >= known) length = lengthOf(buffer);
            for (; count > 0; count = plain.Length > length || length > longest ? 0 : gzip.Read(buffer)) plain.Write(buffer, 0, count);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"'{path}' is damaged or cut short: after {plain.Length} bytes it cannot be decompressed further.", error);
        }
        return length <= longest ? plain.ToArray()
            : throw Fault(path, sizeof(int), $"expected at most {longest} bytes decompressed, found a header that promises {length}");
    }

    private static InvalidDataException Fault(string path, long offset, string fault) => new($"'{path}', byte {offset}: {fault}.");
}
