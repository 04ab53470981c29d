using System.Runtime.InteropServices;

namespace Focus;

/// <summary>Decompresses xz through liblzma. Leaves the stream below open.</summary>
internal sealed unsafe class XzStream : ReadOnlyStream
{
    private readonly Stream compressed;
    private readonly byte[] input = new byte[1 << 16];
    private LzmaState* state;
    private int inputStart;
    private int inputEnd;
    private bool inputEnded;
    private bool ended;

    /// <summary>Begins to decompress.</summary>
    /// <exception cref="DllNotFoundException">liblzma is not installed.</exception>
    public XzStream(Stream compressed)
    {
        this.compressed = compressed;
        state = (LzmaState*)NativeMemory.AllocZeroed((nuint)sizeof(LzmaState));
        var result = Lzma.StartDecoder(state);
        if (result == LzmaResult.Ok) return;
        Dispose();
        throw new OutOfMemoryException($"liblzma did not start: {result}.");
    }

    /// <summary>Reads decompressed bytes.</summary>
    /// <exception cref="InvalidDataException">The data are damaged or cut short.</exception>
    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(state is null, this);
        while (!ended && buffer.Length > 0)
        {
            if (inputStart == inputEnd && !inputEnded) Fill();
            var written = Decode(buffer);
            if (written > 0) return written;
        }
        return 0;
    }

    private void Fill()
    {
        (inputStart, inputEnd) = (0, compressed.Read(input));
        inputEnded = inputEnd == 0;
    }

    private int Decode(Span<byte> buffer)
    {
        fixed (byte* source = input)
        fixed (byte* target = buffer)
        {
            state->Input = source + inputStart;
            state->InputLength = (nuint)(inputEnd - inputStart);
            state->Output = target;
            state->OutputLength = (nuint)buffer.Length;
            var result = Lzma.Code(state, inputEnded ? LzmaAction.Finish : LzmaAction.Run);
            inputStart = inputEnd - (int)state->InputLength;
            ended = result == LzmaResult.StreamEnd;
            if (result is not (LzmaResult.Ok or LzmaResult.StreamEnd)) throw Failure(result);
            return buffer.Length - (int)state->OutputLength;
        }
    }

    private InvalidDataException Failure(LzmaResult result) => new(result switch
    {
        LzmaResult.NoProgress => $"the xz data end after {state->InputTotal} compressed bytes, before their end marker",
        LzmaResult.MemoryLimit or LzmaResult.MemoryError => "the xz data need more memory than can be given",
        _ => $"expected xz data, found others up to compressed byte {state->InputTotal} ({result})",
    });

    protected override void Dispose(bool disposing)
    {
        if (state is not null)
        {
            Lzma.End(state);
            NativeMemory.Free(state);
            state = null;
        }
        base.Dispose(disposing);
    }
}

/// <summary>The functions of liblzma that decode xz streams.</summary>
internal static unsafe class Lzma
{
    /// <summary>Decode one xz stream after the other, as xz files may hold several.</summary>
    private const uint Concatenated = 0x08;

    /// <summary>Dictionaries of the ordinary presets need 65 MB at most; what needs more than this is refused.</summary>
    private const ulong MemoryLimit = 1UL << 30;

    private static readonly Lazy<nint> Loaded = new(Load);

    private static readonly Lazy<(nint Decoder, nint Code, nint End)> Functions = new(
        () => (Find("lzma_stream_decoder"), Find("lzma_code"), Find("lzma_end")));

    /// <summary>The library.</summary>
    /// <exception cref="DllNotFoundException">It is not installed.</exception>
    public static nint Library => Loaded.Value;

    public static LzmaResult StartDecoder(LzmaState* state)
        => ((delegate* unmanaged<LzmaState*, ulong, uint, LzmaResult>)Functions.Value.Decoder)(state, MemoryLimit, Concatenated);

    /// <summary>Goes on with what the state's pointers give, and moves them.</summary>
    public static LzmaResult Code(LzmaState* state, LzmaAction action)
        => ((delegate* unmanaged<LzmaState*, LzmaAction, LzmaResult>)Functions.Value.Code)(state, action);

    public static void End(LzmaState* state) => ((delegate* unmanaged<LzmaState*, void>)Functions.Value.End)(state);

    private static nint Find(string function) => NativeLibrary.GetExport(Library, function);

    private static nint Load()
    {
        string[] names = OperatingSystem.IsWindows() ? ["liblzma.dll", "liblzma-5.dll"]
            : OperatingSystem.IsMacOS() ? ["liblzma.5.dylib", "/opt/homebrew/lib/liblzma.5.dylib", "/usr/local/lib/liblzma.5.dylib"]
            : ["liblzma.so.5"];
        foreach (var name in names)
            if (NativeLibrary.TryLoad(name, out var library)) return library;
        throw new DllNotFoundException(
            $"Reading xz needs liblzma; found none of {string.Join(", ", names)}. " +
            "Install it (Debian: liblzma5; Homebrew: xz; Windows: XZ Utils, on the PATH).");
    }
}

/// <summary>lzma_action.</summary>
internal enum LzmaAction
{
    Run = 0,
    Finish = 3,
}

/// <summary>lzma_ret.</summary>
internal enum LzmaResult
{
    Ok = 0,
    StreamEnd = 1,
    MemoryError = 5,
    MemoryLimit = 6,
    NotXz = 7,
    UnknownOptions = 8,
    DamagedData = 9,
    NoProgress = 10,
}

/// <summary>lzma_stream.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LzmaState
{
    public byte* Input;
    public nuint InputLength;
    public ulong InputTotal;
    public byte* Output;
    public nuint OutputLength;
    public ulong OutputTotal;

    /// <summary>The allocator, the decoder's own state, and what is reserved; all zero at the beginning.</summary>
    private fixed ulong rest[12];
}
