using System.Security.Cryptography;

namespace Focus;

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
