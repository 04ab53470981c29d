using System.IO.MemoryMappedFiles;

namespace Focus;

/// <summary>A file of tokens, mapped into memory: it opens at once however long it is, and only what is read is loaded.</summary>
/// <remarks>
/// The format is nanoGPT's: tokens one after the other, little-endian, without a header. The file must not be cut while it is open. A read that meets
/// <see cref="Dispose"/> in another thread either completes or throws <see cref="ObjectDisposedException"/>.
/// </remarks>
public sealed class TokenFile : TokenSource
{
    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor view;

    private TokenFile(string path, TokenWidth width, FileStream stream)
    {
        Name = path;
        Width = width;
        Count = stream.Length / (int)width;
        file = MemoryMappedFile.CreateFromFile(
            stream, mapName: null, capacity: 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        view = file.CreateViewAccessor(offset: 0, size: 0, MemoryMappedFileAccess.Read);
    }

    /// <summary>The file's path.</summary>
    public override string Name { get; }

    /// <inheritdoc/>
    public override long Count { get; }

    /// <summary>The bytes of a token.</summary>
    public TokenWidth Width { get; }

    /// <summary>Opens a token file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="width">The bytes of a token; the file does not say.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is empty, or its length is no multiple of the width.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The width is none of the two.</exception>
    public static TokenFile Open(string path, TokenWidth width = TokenWidth.UInt16)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        TokenWidths.Require(width);
        if (!BitConverter.IsLittleEndian) throw new PlatformNotSupportedException("Token files are little-endian; this processor is not.");
        if (Directory.Exists(path)) throw new FileNotFoundException($"Expected a token file at {path}, found a folder.", path);
        if (!File.Exists(path)) throw new FileNotFoundException($"Expected a token file at {path}, found nothing.", path);
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        try
        {
            RequireTokens(path, stream.Length, width);
            return new TokenFile(path, width, stream);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    protected override unsafe void Copy(long start, Span<int> destination)
    {
        byte* bytes = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref bytes);
        try
        {
            var length = destination.Length;
            if (Width == TokenWidth.UInt16) TokenBytes.Widen(new ReadOnlySpan<ushort>((ushort*)bytes + start, length), destination);
            else CopyWide(new ReadOnlySpan<int>((int*)bytes + start, length), start, destination);
        }
        finally
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
    }

    private void CopyWide(ReadOnlySpan<int> tokens, long start, Span<int> destination)
    {
        tokens.CopyTo(destination);
        var wrong = destination.IndexOfAnyInRange(int.MinValue, -1);
        if (wrong >= 0)
            throw new InvalidDataException(
                $"{Name}: the token at index {start + wrong} (byte {4 * (start + wrong)}) is {(uint)destination[wrong]}; " +
                $"expected at most {int.MaxValue}.");
    }

    private static void RequireTokens(string path, long length, TokenWidth width)
    {
        if (length == 0) throw new InvalidDataException($"{path} is empty; expected tokens of {(int)width} bytes each.");
        var left = length % (int)width;
        if (left != 0)
            throw new InvalidDataException(
                $"{path} is {length} bytes long, which ends in part of a token: expected a multiple of {(int)width}, " +
                $"found {left} bytes from offset {length - left} on. Was the file cut short, or are its tokens of another width?");
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        view.Dispose();
        file.Dispose();
        base.Dispose();
    }
}
