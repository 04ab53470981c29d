namespace Focus;

/// <summary>A file to put aside what is too large for memory; it goes when it is closed.</summary>
internal static class TemporaryFile
{
    private const int BufferSize = 1 << 16;

    public static FileStream Create() => new(
        Path.Combine(Path.GetTempPath(), $"focus-{Guid.NewGuid():N}.tmp"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None,
        BufferSize, FileOptions.DeleteOnClose);
}
