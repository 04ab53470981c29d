using System.IO.Compression;

namespace Microsoft.ML;

/// <summary>Writes the entries of a model file, a zip, one after another.</summary>
internal sealed class ModelArchiveWriter : IDisposable
{
    private readonly ZipArchive _zip;

    public ModelArchiveWriter(Stream stream)
    {
        _zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        Write("TrainingInfo/Version.txt", entry => entry.Write("Focus.Compat.Microsoft.ML\n"u8));
    }

    /// <summary>Adds an entry; <paramref name="write"/> gets a seekable stream.</summary>
    public void Write(string name, Action<Stream> write)
    {
        using var content = TemporaryFile.Create();
        write(content);
        content.Position = 0;
        using var entry = _zip.CreateEntry(name, CompressionLevel.Fastest).Open();
        content.CopyTo(entry);
    }

    public void Dispose() => _zip.Dispose();
}

/// <summary>Reads the entries of a model file.</summary>
internal sealed class ModelArchiveReader : IDisposable
{
    private readonly ZipArchive _zip;

    public ModelArchiveReader(Stream stream)
    {
        try
        {
            _zip = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
            _ = _zip.Entries; // Reads the directory, and so finds a file that was cut short.
        }
        catch (InvalidDataException error)
        {
            var name = stream is FileStream file ? $"'{file.Name}'" : "The stream";
            throw Require.Mark(new FormatException($"{name} is not a model file, or was cut short: it cannot be opened as a zip archive.", error));
        }
    }

    /// <summary>Reads an entry through a seekable stream; false if the file has no such entry.</summary>
    public bool TryRead(string name, Action<Stream> read)
    {
        // Other writers may separate folders by backslashes.
        var entry = _zip.GetEntry(name) ?? _zip.GetEntry(name.Replace('/', '\\'));
        if (entry is null) return false;

        using var content = TemporaryFile.Create();
        try
        {
            using var compressed = entry.Open();
            compressed.CopyTo(content);
        }
        catch (InvalidDataException error)
        {
            throw Require.Mark(new FormatException($"Entry '{name}' of the model file is damaged.", error));
        }

        content.Position = 0;
        read(content);
        return true;
    }

    public void Dispose() => _zip.Dispose();
}

/// <summary>A file without a name to keep: it goes when it is closed.</summary>
internal static class TemporaryFile
{
    public static FileStream Create() => new(Path.Combine(Path.GetTempPath(), $"ml_dotnet_{Guid.NewGuid():N}"), FileMode.CreateNew,
        FileAccess.ReadWrite, FileShare.None, bufferSize: 1 << 16, FileOptions.DeleteOnClose);
}
