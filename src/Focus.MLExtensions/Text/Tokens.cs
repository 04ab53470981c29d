using System.IO.MemoryMappedFiles;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Focus;

/// <summary>A long sequence of token ids that can be read anywhere.</summary>
/// <remarks>Any number of threads may read at once; nobody may read while, or after, it is disposed of.</remarks>
public abstract class TokenSource : IDisposable
{
    /// <summary>Where the tokens are from, as messages name it: a file's path, or what else says it.</summary>
    public abstract string Name { get; }

    /// <summary>The number of tokens.</summary>
    public abstract long Count { get; }

    /// <summary>Copies consecutive tokens.</summary>
    /// <param name="start">The first token's index, from 0.</param>
    /// <param name="destination">Receives tokens <paramref name="start"/> to <paramref name="start"/> + length, exclusive.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range does not lie within the tokens.</exception>
    /// <exception cref="InvalidDataException">What is stored there is no token id.</exception>
    /// <exception cref="ObjectDisposedException">The source was disposed of.</exception>
    public void Read(long start, Span<int> destination)
    {
        if (start < 0 || start > Count - destination.Length)
            throw new ArgumentOutOfRangeException(nameof(start), start,
                $"{Name} holds {Count} tokens; {destination.Length} tokens from index {start} on do not lie within them.");
        Copy(start, destination);
    }

    /// <summary>Copies consecutive tokens for a model that knows only so many.</summary>
    /// <inheritdoc cref="Read(long, Span{int})"/>
    /// <param name="start">The first token's index, from 0.</param>
    /// <param name="destination">Receives tokens <paramref name="start"/> to <paramref name="start"/> + length, exclusive.</param>
    /// <param name="vocabularySize">Ids must lie below it.</param>
    /// <exception cref="InvalidDataException">A token lies beyond the vocabulary.</exception>
    public void Read(long start, Span<int> destination, int vocabularySize)
    {
        Read(start, destination);
        var beyond = destination.IndexOfAnyExceptInRange(0, vocabularySize - 1);
        if (beyond >= 0)
            throw new InvalidDataException(
                $"{Name}: the token at index {start + beyond} is {destination[beyond]}; expected ids from 0 to " +
                $"{vocabularySize - 1}, the vocabulary. Were the tokens made with another tokenizer, or are they of another width?");
    }

    /// <summary>Copies consecutive tokens; the range has been checked.</summary>
    protected abstract void Copy(long start, Span<int> destination);

    /// <summary>Releases what the source holds; may be called more than once.</summary>
    public virtual void Dispose() => GC.SuppressFinalize(this);
}

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

/// <summary>Tokens in memory: two bytes each while all ids fit, four from the first id above 65,535 on.</summary>
/// <remarks>Reads may run in parallel, but not with <see cref="Append"/>.</remarks>
public sealed class TokenBuffer : TokenSource
{
    /// <summary>Tokens per chunk: chunks never move, so that growing copies nothing and needs no second copy of what is there.</summary>
    private const int ChunkLength = 1 << 20;

    private readonly List<Chunk> chunks = [];
    private long count;

    /// <summary>Creates an empty buffer.</summary>
    /// <param name="name">Where the tokens are from, for messages.</param>
    public TokenBuffer(string name = "The token buffer")
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Name = name;
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override long Count => count;

    /// <summary>Adds tokens at the end.</summary>
    /// <param name="tokens">Ids, each at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is negative; nothing was added.</exception>
    public void Append(ReadOnlySpan<int> tokens)
    {
        var wrong = tokens.IndexOfAnyInRange(int.MinValue, -1);
        if (wrong >= 0)
            throw new ArgumentOutOfRangeException(nameof(tokens), tokens[wrong],
                $"The token at index {wrong} is negative; expected ids of at least 0.");
        while (tokens.Length > 0)
        {
            var (index, offset) = Math.DivRem(count, ChunkLength);
            if (index == chunks.Count) chunks.Add(new Chunk());
            var taken = Math.Min(tokens.Length, ChunkLength - (int)offset);
            chunks[(int)index].Write((int)offset, tokens[..taken]);
            count += taken;
            tokens = tokens[taken..];
        }
    }

    /// <inheritdoc/>
    protected override void Copy(long start, Span<int> destination)
    {
        while (destination.Length > 0)
        {
            var (index, offset) = Math.DivRem(start, ChunkLength);
            var taken = Math.Min(destination.Length, ChunkLength - (int)offset);
            chunks[(int)index].Read((int)offset, destination[..taken]);
            start += taken;
            destination = destination[taken..];
        }
    }

    /// <summary>Tokens of one width; what is beyond the tokens written is not read.</summary>
    private sealed class Chunk
    {
        private ushort[]? narrow = new ushort[ChunkLength];
        private int[]? wide;

        public void Write(int offset, ReadOnlySpan<int> tokens)
        {
            if (wide is null && tokens.IndexOfAnyExceptInRange(0, ushort.MaxValue) >= 0) Widen(offset);
            if (wide is null) TokenBytes.Narrow(tokens, narrow.AsSpan(offset));
            else tokens.CopyTo(wide.AsSpan(offset));
        }

        public void Read(int offset, Span<int> destination)
        {
            if (wide is null) TokenBytes.Widen(narrow.AsSpan(offset, destination.Length), destination);
            else wide.AsSpan(offset, destination.Length).CopyTo(destination);
        }

        private void Widen(int written)
        {
            wide = new int[ChunkLength];
            TokenBytes.Widen(narrow.AsSpan(0, written), wide);
            narrow = null;
        }
    }
}

/// <summary>Some of the tokens of a source, without a copy.</summary>
internal sealed class TokenRange(TokenSource source, long start, long count) : TokenSource
{
    public override string Name => $"{source.Name} (tokens {start} to {start + count})";

    public override long Count => count;

    protected override void Copy(long first, Span<int> destination) => source.Read(start + first, destination);
}

/// <summary>An open file to which tokens are added. What is not flushed when it is disposed of is lost.</summary>
internal sealed class TokenStream : IDisposable
{
    private readonly string name;
    private readonly TokenWidth width;
    private readonly FileStream stream;
    private readonly byte[] buffer = new byte[1 << 16];
    private int buffered;

    /// <param name="path">The file that is written.</param>
    /// <param name="name">The file that it will be, for messages.</param>
    /// <param name="width">The bytes of a token.</param>
    /// <param name="mode">Whether the file is new.</param>
    public TokenStream(string path, string name, TokenWidth width, FileMode mode)
    {
        (this.name, this.width) = (name, width);
        // A FileStream with a buffer would write once more when closed, and fail once more where the disk is full.
        stream = new FileStream(path, mode, FileAccess.Write, FileShare.None, bufferSize: 0);
        Count = stream.Length / (int)width;
    }

    /// <summary>The number of tokens in the file.</summary>
    public long Count { get; private set; }

    /// <summary>Adds tokens at the end.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id does not fit; nothing was added.</exception>
    /// <exception cref="IOException">The disk is full, or cannot be written.</exception>
    public void Write(ReadOnlySpan<int> ids)
    {
        var wrong = ids.IndexOfAnyExceptInRange(0, width.HighestId());
        if (wrong >= 0)
            throw new ArgumentOutOfRangeException(nameof(ids), ids[wrong],
                $"Token {Count + wrong} does not fit into {name}: expected ids from 0 to {width.HighestId()}, as its tokens " +
                $"have {(int)width} bytes.");
        while (ids.Length > 0)
        {
            if (buffered == buffer.Length) WriteBuffer();
            var taken = Math.Min(ids.Length, (buffer.Length - buffered) / (int)width);
            Encode(ids[..taken], buffer.AsSpan(buffered, taken * (int)width));
            buffered += taken * (int)width;
            Count += taken;
            ids = ids[taken..];
        }
    }

    /// <summary>Has what was written on the disk.</summary>
    public void Flush()
    {
        WriteBuffer();
        stream.Flush(flushToDisk: true);
    }

    /// <summary>Cuts the file after some tokens and goes on there.</summary>
    public void Truncate(long count)
    {
        buffered = 0;
        stream.SetLength(count * (int)width);
        stream.Position = stream.Length;
        Count = count;
    }

    public void Dispose() => stream.Dispose();

    private void Encode(ReadOnlySpan<int> ids, Span<byte> destination)
    {
        if (width == TokenWidth.UInt16) TokenBytes.Narrow(ids, MemoryMarshal.Cast<byte, ushort>(destination));
        else MemoryMarshal.AsBytes(ids).CopyTo(destination);
    }

    private void WriteBuffer()
    {
        stream.Write(buffer, 0, buffered);
        buffered = 0;
    }
}

/// <summary>Turns tokens of two bytes into integers and back, a vector at a time.</summary>
internal static class TokenBytes
{
    /// <summary>Copies tokens into integers.</summary>
    public static void Widen(ReadOnlySpan<ushort> tokens, Span<int> destination)
    {
        destination = destination[..tokens.Length];
        while (tokens.Length >= Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(tokens), out var lower, out var upper);
            Vector.AsVectorInt32(lower).CopyTo(destination);
            Vector.AsVectorInt32(upper).CopyTo(destination[Vector<int>.Count..]);
            tokens = tokens[Vector<ushort>.Count..];
            destination = destination[Vector<ushort>.Count..];
        }
        for (var i = 0; i < tokens.Length; i++) destination[i] = tokens[i];
    }

    /// <summary>Copies tokens that fit into two bytes.</summary>
    public static void Narrow(ReadOnlySpan<int> tokens, Span<ushort> destination)
    {
        destination = destination[..tokens.Length];
        while (tokens.Length >= Vector<ushort>.Count)
        {
            var lower = new Vector<int>(tokens);
            var upper = new Vector<int>(tokens[Vector<int>.Count..]);
            Vector.Narrow(Vector.AsVectorUInt32(lower), Vector.AsVectorUInt32(upper)).CopyTo(destination);
            tokens = tokens[Vector<ushort>.Count..];
            destination = destination[Vector<ushort>.Count..];
        }
        for (var i = 0; i < tokens.Length; i++) destination[i] = (ushort)tokens[i];
    }
}

/// <summary>The bytes of one token in a token file; tokens are little-endian and there is no header, as in nanoGPT's <c>train.bin</c>.</summary>
public enum TokenWidth
{
    /// <summary>Two bytes, unsigned: ids from 0 to 65,535. nanoGPT's format.</summary>
    UInt16 = 2,

    /// <summary>Four bytes, unsigned: ids from 0 to 2,147,483,647.</summary>
    UInt32 = 4,
}

/// <summary>What the library does with a <see cref="TokenWidth"/>.</summary>
public static class TokenWidths
{
    /// <summary>The narrowest width that holds every id of a vocabulary.</summary>
    /// <param name="vocabularySize">The number of tokens, at least 1; ids run from 0 to it, exclusive.</param>
    public static TokenWidth For(int vocabularySize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 1);
        return vocabularySize <= ushort.MaxValue + 1 ? TokenWidth.UInt16 : TokenWidth.UInt32;
    }

    /// <summary>The highest id that fits.</summary>
    internal static int HighestId(this TokenWidth width) => width == TokenWidth.UInt16 ? ushort.MaxValue : int.MaxValue;

    internal static TokenWidth Require(TokenWidth width)
        => Enum.IsDefined(width) ? width : throw new ArgumentOutOfRangeException(nameof(width), width, "Expected UInt16 or UInt32.");
}

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
