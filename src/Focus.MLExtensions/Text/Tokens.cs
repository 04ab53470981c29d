using System.IO.MemoryMappedFiles;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Focus;

/// <summary>A long sequence of token ids with random access.</summary>
/// <remarks>Reads are thread-safe, but must have returned before <see cref="Dispose"/> is called.</remarks>
public abstract class TokenSource : IDisposable
{
    /// <summary>What error messages call the source: a file's path or a description.</summary>
    public abstract string Name { get; }

    /// <summary>The number of tokens.</summary>
    public abstract long Count { get; }

    /// <summary>Copies consecutive tokens.</summary>
    /// <param name="start">The first token's index, from 0.</param>
    /// <param name="destination">Receives tokens <paramref name="start"/> to <paramref name="start"/> + length, exclusive.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range does not lie within the tokens.</exception>
    /// <exception cref="InvalidDataException">A stored value is not a token id.</exception>
    /// <exception cref="ObjectDisposedException">The source is disposed.</exception>
    public void Read(long start, Span<int> destination)
    {
        if (start < 0 || start > Count - destination.Length)
            throw new ArgumentOutOfRangeException(nameof(start), start,
                $"{Name} holds {Count} tokens; the {destination.Length} tokens from index {start} on are outside them.");
        Copy(start, destination);
    }

    /// <summary>Copies consecutive tokens and checks that a model knows them.</summary>
    /// <inheritdoc cref="Read(long, Span{int})"/>
    /// <param name="start">The first token's index, from 0.</param>
    /// <param name="destination">Receives tokens <paramref name="start"/> to <paramref name="start"/> + length, exclusive.</param>
    /// <param name="vocabularySize">Ids must be below it.</param>
    /// <exception cref="InvalidDataException">A token is not in the vocabulary.</exception>
    public void Read(long start, Span<int> destination, int vocabularySize)
    {
        Read(start, destination);
        var beyond = destination.IndexOfAnyExceptInRange(0, vocabularySize - 1);
        if (beyond >= 0)
            throw new InvalidDataException(
                $"{Name}: the token at index {start + beyond} is {destination[beyond]}; expected ids from 0 to " +
                $"{vocabularySize - 1}, the vocabulary. Were the tokens made with another tokenizer, or are they of another width?");
    }

    /// <summary>The largest id among at most half a million tokens spread evenly over the source; 0 where there are none. Far below a model's
    /// vocabulary, it says that the tokens are probably another tokenizer's.</summary>
    /// <exception cref="InvalidDataException">A stored value is not a token id.</exception>
    public int SampleLargestId()
    {
        const int Places = 128, Length = 4096;
        var tokens = new int[Math.Min(Length, Count)];
        var largest = 0;
        for (var place = 0; place < Places && tokens.Length > 0; place++)
        {
            Read((long)((Count - tokens.Length) * (place / (Places - 1.0))), tokens);
            largest = Math.Max(largest, TensorPrimitives.Max<int>(tokens));
        }
        return largest;
    }

    /// <summary>Copies consecutive tokens; the range has been checked.</summary>
    protected abstract void Copy(long start, Span<int> destination);

    /// <summary>Releases the source; may be called more than once.</summary>
    public virtual void Dispose() => GC.SuppressFinalize(this);
}

/// <summary>The bytes of one token in a token file.</summary>
public enum TokenWidth
{
    /// <summary>Two bytes, unsigned, as in nanoGPT's files: ids from 0 to 65,535.</summary>
    UInt16 = 2,

    /// <summary>Four bytes, unsigned: ids from 0 to 2,147,483,647.</summary>
    UInt32 = 4,
}

/// <summary>A file of tokens, mapped into memory: it opens immediately whatever its length, and only the pages read are loaded.</summary>
/// <remarks>
/// The format is nanoGPT's: consecutive little-endian tokens without a header. The header of llm.c's files, and that of a NumPy array of one
/// dimension, is recognised and passed over; it says width and count. The file must not be truncated while it is open. A read during
/// <see cref="Dispose"/> in another thread either completes or throws <see cref="ObjectDisposedException"/>.
/// </remarks>
public sealed class TokenFile : TokenSource
{
    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor view;

    /// <summary>Where the first token is.</summary>
    private readonly long offset;

    private TokenFile(string path, TokenFileHeader header)
    {
        (Name, Width, Count, offset) = (path, header.Width, header.Count, header.Offset);
        var length = offset + Count * (int)Width;
        file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, mapName: null, length, MemoryMappedFileAccess.Read);
        view = file.CreateViewAccessor(offset: 0, length, MemoryMappedFileAccess.Read);
    }

    /// <summary>The file's path.</summary>
    public override string Name { get; }

    /// <inheritdoc/>
    public override long Count { get; }

    /// <summary>The width of a token.</summary>
    public TokenWidth Width { get; }

    /// <summary>The narrowest width that holds every id of a vocabulary.</summary>
    /// <param name="vocabularySize">The number of tokens, at least 1; ids are below it.</param>
    public static TokenWidth WidthFor(int vocabularySize)
        => Check.AtLeast(1, vocabularySize) <= ushort.MaxValue + 1 ? TokenWidth.UInt16 : TokenWidth.UInt32;

    /// <summary>Opens a token file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="width">The width of a token in files without a header, which do not record it; a header has precedence.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is empty, or its length is not a multiple of the width or not what its header
    /// says; or it holds something else than tokens, as far as its header tells.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The width is not defined.</exception>
    public static TokenFile Open(string path, TokenWidth width = TokenWidth.UInt16)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Check.Defined(width);
        if (!BitConverter.IsLittleEndian) throw new PlatformNotSupportedException("Token files are little-endian; this processor is not.");
        if (Directory.Exists(path)) throw new FileNotFoundException($"Expected a token file at {path}, found a folder.", path);
        if (!File.Exists(path)) throw new FileNotFoundException($"Expected a token file at {path}, found nothing.", path);
        return new TokenFile(path, TokenFileHeader.Read(path, width));
    }

    /// <inheritdoc/>
    protected override unsafe void Copy(long start, Span<int> destination)
    {
        byte* bytes = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref bytes);
        try
        {
            if (Width == TokenWidth.UInt16)
                TensorPrimitives.ConvertTruncating(new ReadOnlySpan<ushort>((ushort*)(bytes + offset) + start, destination.Length), destination);
            else
                new ReadOnlySpan<int>((int*)(bytes + offset) + start, destination.Length).CopyTo(destination);
        }
        finally
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
        var wrong = Width == TokenWidth.UInt32 ? destination.IndexOfAnyInRange(int.MinValue, -1) : -1;
        if (wrong >= 0)
            throw new InvalidDataException(
                $"{Name}: the token at index {start + wrong} (byte {offset + (4 * (start + wrong))}) is {(uint)destination[wrong]}; " +
                $"expected at most {int.MaxValue}.");
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        view.Dispose();
        file.Dispose();
        base.Dispose();
    }
}

/// <summary>Tokens in memory: two bytes each, and four in each part of a million tokens that has an id above 65,535.</summary>
/// <remarks>Reads may run in parallel, but not with <see cref="Append"/>.</remarks>
public sealed class TokenBuffer : TokenSource
{
    /// <summary>Tokens per chunk. Chunks never move, so growing the buffer copies nothing.</summary>
    private const int ChunkLength = 1 << 20;

    /// <summary>Arrays of <c>ushort</c> or <c>int</c>.</summary>
    private readonly List<Array> chunks = [];
    private long count;

    /// <summary>Creates an empty buffer.</summary>
    /// <param name="name">What error messages call the buffer.</param>
    public TokenBuffer(string name = "The token buffer")
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Name = name;
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override long Count => count;

    /// <summary>Appends tokens.</summary>
    /// <param name="tokens">Ids, each at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is negative; nothing was added.</exception>
    public void Append(ReadOnlySpan<int> tokens)
    {
        var wrong = tokens.IndexOfAnyInRange(int.MinValue, -1);
        if (wrong >= 0) throw Check.OutOfRange($"{nameof(tokens)}[{wrong}]", tokens[wrong], "at least 0");
        while (tokens.Length > 0)
        {
            var (chunk, offset) = ((int)(count / ChunkLength), (int)(count % ChunkLength));
            if (chunk == chunks.Count) chunks.Add(new ushort[ChunkLength]);
            var part = tokens[..Math.Min(tokens.Length, ChunkLength - offset)];
            if (chunks[chunk] is ushort[] full && part.ContainsAnyExceptInRange(0, ushort.MaxValue)) chunks[chunk] = Widen(full);
            // From uint, since the conversion of int to ushort is not vectorized.
            if (chunks[chunk] is ushort[] narrow) TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<int, uint>(part), narrow.AsSpan(offset));
            else part.CopyTo(((int[])chunks[chunk]).AsSpan(offset));
            count += part.Length;
            tokens = tokens[part.Length..];
        }
    }

    /// <inheritdoc/>
    protected override void Copy(long start, Span<int> destination)
    {
        while (destination.Length > 0)
        {
            var (chunk, offset) = ((int)(start / ChunkLength), (int)(start % ChunkLength));
            var length = Math.Min(destination.Length, ChunkLength - offset);
            if (chunks[chunk] is int[] wide) wide.AsSpan(offset, length).CopyTo(destination);
            else TensorPrimitives.ConvertTruncating<ushort, int>(((ushort[])chunks[chunk]).AsSpan(offset, length), destination);
            start += length;
            destination = destination[length..];
        }
    }

    private static int[] Widen(ushort[] narrow)
    {
        var wide = new int[narrow.Length];
        TensorPrimitives.ConvertTruncating<ushort, int>(narrow, wide);
        return wide;
    }
}

/// <summary>A range of the tokens of a source, without a copy.</summary>
internal sealed class TokenRange(TokenSource source, long start, long count) : TokenSource
{
    public override string Name => $"{source.Name} (tokens {start} to {start + count})";
    public override long Count => count;

    protected override void Copy(long first, Span<int> destination) => source.Read(start + first, destination);
}

/// <summary>A file to which tokens are appended. Tokens that are not flushed before it is disposed are lost.</summary>
internal sealed class TokenStream(string path, TokenWidth width, FileMode mode) : IDisposable
{
    // A FileStream with a buffer would write again on closing, and fail again on a full disk.
    private readonly FileStream stream = new(path, mode, FileAccess.Write, FileShare.None, bufferSize: 0);
    private readonly int highestId = width == TokenWidth.UInt16 ? ushort.MaxValue : int.MaxValue;
    private readonly byte[] buffer = new byte[1 << 16];
    private int buffered;

    /// <summary>The number of tokens, of which those in an existing file count once it has been truncated.</summary>
    public long Count { get; private set; }

    public void Write(ReadOnlySpan<int> ids)
    {
        var wrong = ids.IndexOfAnyExceptInRange(0, highestId);
        if (wrong >= 0)
            throw new ArgumentOutOfRangeException(nameof(ids), ids[wrong],
                $"Token {Count + wrong} does not fit into {stream.Name}: expected ids from 0 to {highestId}, tokens of {(int)width} bytes.");
        while (ids.Length > 0)
        {
            if (buffered == buffer.Length) WriteBuffer();
            var taken = Math.Min(ids.Length, (buffer.Length - buffered) / (int)width);
            var bytes = buffer.AsSpan(buffered, taken * (int)width);
            if (width == TokenWidth.UInt32) MemoryMarshal.AsBytes(ids[..taken]).CopyTo(bytes);
            else TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<int, uint>(ids[..taken]), MemoryMarshal.Cast<byte, ushort>(bytes));
            buffered += bytes.Length;
            Count += taken;
            ids = ids[taken..];
        }
    }

    public void Flush()
    {
        WriteBuffer();
        stream.Flush(flushToDisk: true);
    }

    /// <summary>Cuts the file after its first tokens and continues there.</summary>
    public void Truncate(long count)
    {
        buffered = 0;
        stream.SetLength(count * (int)width);
        stream.Position = stream.Length;
        Count = count;
    }

    public void Dispose() => stream.Dispose();

    private void WriteBuffer()
    {
        stream.Write(buffer, 0, buffered);
        buffered = 0;
    }
}

/// <summary>Writes a token file, which appears complete and flushed to the disk with <see cref="Complete"/>.</summary>
/// <remarks>Until then the tokens are in a temporary file beside it, which is deleted if the writer is disposed first.</remarks>
public sealed class TokenFileWriter : IDisposable
{
    private readonly string target;
    private readonly string temporary;
    private readonly TokenStream tokens;

    /// <summary>Starts a file and creates its folder if it is missing.</summary>
    /// <param name="path">The file; an existing one is replaced.</param>
    /// <param name="width">The width of a token.</param>
    public TokenFileWriter(string path, TokenWidth width = TokenWidth.UInt16)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Check.Defined(width);
        target = Path.GetFullPath(path);
        temporary = $"{target}.{Path.GetRandomFileName()}.tmp";
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        tokens = new TokenStream(temporary, width, FileMode.CreateNew);
    }

    /// <summary>The number of tokens written.</summary>
    public long Count => tokens.Count;

    /// <summary>Appends tokens.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is negative or does not fit into the width; nothing was added.</exception>
    /// <exception cref="IOException">The disk is full, or cannot be written.</exception>
    public void Write(ReadOnlySpan<int> ids) => tokens.Write(ids);

    /// <summary>Flushes the tokens to the disk and moves the file into place.</summary>
    /// <exception cref="IOException">The disk is full, or cannot be written.</exception>
    public void Complete()
    {
        tokens.Flush();
        tokens.Dispose();
        File.Move(temporary, target, overwrite: true);
    }

    /// <summary>Closes the writer; without <see cref="Complete"/> there is no file.</summary>
    public void Dispose()
    {
        tokens.Dispose();
        File.Delete(temporary); // Does nothing once the file has been moved.
    }
}
