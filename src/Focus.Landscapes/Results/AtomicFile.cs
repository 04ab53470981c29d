namespace Focus;

/// <summary>Files that appear whole or not at all: written beside their place, flushed to the disk, then renamed.</summary>
internal static class AtomicFile
{
    /// <exception cref="IOException"><paramref name="replace"/> is false and the file is there, or it cannot be written.</exception>
    public static void Write(string path, bool replace, Action<Stream> write)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, replace);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
