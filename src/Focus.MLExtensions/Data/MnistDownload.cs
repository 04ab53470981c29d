namespace Focus;

/// <summary>Where and how MNIST's files are downloaded.</summary>
/// <remarks>Every file is checked against its SHA-256 checksum before it gets its name; what was there already is left alone.</remarks>
public sealed record MnistDownload
{
    /// <summary>
    /// An absolute http or https address under which the gzipped files lie by their usual names, such as <c>train-images-idx3-ubyte.gz</c>.
    /// </summary>
    public Uri BaseAddress { get; init; } = new("https://ossci-datasets.s3.amazonaws.com/mnist/");

    /// <summary>Is told how far each file has come; null to tell nobody.</summary>
    public IProgress<MnistDownloadProgress>? Progress { get; init; }

    /// <summary>Stops the download, leaving nothing half-written behind.</summary>
    public CancellationToken CancellationToken { get; init; }
}

/// <summary>How far the download of a file has come.</summary>
/// <param name="FileName">The file's name.</param>
/// <param name="BytesReceived">Bytes received so far.</param>
/// <param name="TotalBytes">The size of the file in bytes, or null where the server does not say.</param>
public readonly record struct MnistDownloadProgress(string FileName, long BytesReceived, long? TotalBytes);
