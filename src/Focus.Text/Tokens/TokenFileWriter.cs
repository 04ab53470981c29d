namespace Focus;

/// <summary>Writes a token file token by token; the file appears, whole and flushed to the disk, with <see cref="Complete"/>.</summary>
/// <remarks>Until then the tokens are in a temporary file beside it, which is deleted where the writer is disposed of first.</remarks>
public sealed class TokenFileWriter : IDisposable
{
    private readonly string target;
    private readonly string temporary;
    private readonly TokenStream tokens;

    /// <summary>Begins a file, creating its folder where it is missing.</summary>
    /// <param name="path">The file, which is replaced where it is there.</param>
    /// <param name="width">The bytes of a token.</param>
    public TokenFileWriter(string path, TokenWidth width = TokenWidth.UInt16)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        TokenWidths.Require(width);
        target = Path.GetFullPath(path);
        temporary = $"{target}.{Path.GetRandomFileName()}.tmp";
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        tokens = new TokenStream(temporary, target, width, FileMode.CreateNew);
    }

    /// <summary>The number of tokens written.</summary>
    public long Count => tokens.Count;

    /// <summary>Adds tokens at the end.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is negative or does not fit into the width; nothing was added.</exception>
    /// <exception cref="IOException">The disk is full, or cannot be written.</exception>
    public void Write(ReadOnlySpan<int> ids) => tokens.Write(ids);

    /// <summary>Flushes the tokens to the disk and puts the file in its place.</summary>
    /// <exception cref="IOException">The disk is full, or cannot be written.</exception>
    public void Complete()
    {
        tokens.Flush();
        tokens.Dispose();
        File.Move(temporary, target, overwrite: true);
    }

    /// <summary>Ends the writing; without <see cref="Complete"/>, no file appears.</summary>
    public void Dispose()
    {
        tokens.Dispose();
        File.Delete(temporary); // Where it was moved there is nothing to delete.
    }
}
