namespace Focus;

/// <summary>Writes files as a whole or not at all: to a temporary file beside, flushed to the disk, then renamed.</summary>
public static class AtomicFile
{
    private const string TemporaryExtension = ".tmp";

    /// <summary>Writes a file, creating its folder where it is missing.</summary>
    /// <param name="path">The file, which appears or is replaced once all is written.</param>
    /// <param name="write">Writes the content. If it throws, no file is left behind, and one that was there before is unchanged.</param>
    /// <param name="replace">Whether to replace a file that is there.</param>
    /// <exception cref="IOException">The file is there and may not be replaced, or it cannot be written.</exception>
    public static void Write(string path, Action<Stream> write, bool replace = true)
    {
        ArgumentNullException.ThrowIfNull(write);
        WriteAsync(path, stream =>
        {
            write(stream);
            return Task.CompletedTask;
        }, replace).GetAwaiter().GetResult();
    }

    /// <inheritdoc cref="Write"/>
    public static async Task WriteAsync(string path, Func<Stream, Task> write, bool replace = true)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        var target = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        var temporary = $"{target}.{Path.GetRandomFileName()}{TemporaryExtension}";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.ReadWrite))
            {
                await write(stream).ConfigureAwait(false);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, target, replace);
        }
        finally
        {
            File.Delete(temporary); // Where the move succeeded there is nothing to delete.
        }
    }

    /// <summary>Deletes the temporary files of writes that were killed; none may be under way.</summary>
    /// <param name="folder">The folder of the files, which may be missing.</param>
    /// <param name="pattern">The names of the files that were being written, such as <c>*.bin</c>.</param>
    /// <exception cref="IOException">One cannot be deleted.</exception>
    public static void DeleteLeftovers(string folder, string pattern)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentException.ThrowIfNullOrEmpty(pattern);
        if (!Directory.Exists(folder)) return;
        foreach (var file in Directory.GetFiles(folder, $"{pattern}.*{TemporaryExtension}")) File.Delete(file);
    }

    /// <summary>Reads a file, which errors of its content then name.</summary>
    internal static T Read<T>(string path, Func<Stream, T> read)
    {
        using var stream = File.OpenRead(path);
        try
        {
            return read(stream);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"'{path}': {error.Message}", error);
        }
    }
}
