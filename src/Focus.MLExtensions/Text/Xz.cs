using System.Runtime.InteropServices;

namespace Focus;

/// <summary>Decompresses xz through liblzma, all streams of a file one after the other. Leaves the compressed stream open.</summary>
internal sealed unsafe class XzStream : ReadOnlyStream
{
    /// <summary>LZMA_CONCATENATED: an xz file may hold several streams.</summary>
    private const uint Concatenated = 0x08;

    /// <summary>The usual presets need at most 65 MB; streams that ask for more than this are refused.</summary>
    private const ulong MemoryLimit = 1UL << 30;

    private readonly delegate* unmanaged<State*, Action, Result> code = (delegate* unmanaged<State*, Action, Result>)Find("lzma_code");
    private readonly delegate* unmanaged<State*, void> end = (delegate* unmanaged<State*, void>)Find("lzma_end");
    private readonly Stream compressed;
    private readonly byte[] input = new byte[1 << 16];
    private State* state;
    private int inputStart, inputEnd;
    private bool inputEnded, ended;

    public XzStream(Stream compressed)
    {
        this.compressed = compressed;
        var start = (delegate* unmanaged<State*, ulong, uint, Result>)Find("lzma_stream_decoder");
        state = (State*)NativeMemory.AllocZeroed((nuint)sizeof(State));
        var result = start(state, MemoryLimit, Concatenated);
        if (result == Result.Ok) return;
        Dispose();
        throw new OutOfMemoryException($"liblzma did not start: {result}.");
    }

    public static Lazy<nint> Library { get; } = new(LoadLibrary);

    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(state is null, this);
        while (!ended && buffer.Length > 0)
        {
            if (inputStart == inputEnd && !inputEnded)
            {
                (inputStart, inputEnd) = (0, compressed.Read(input));
                inputEnded = inputEnd == 0;
            }
            var written = Decode(buffer);
            if (written > 0) return written;
        }
        return 0;
    }

    private int Decode(Span<byte> buffer)
    {
        fixed (byte* source = input, target = buffer)
        {
            state->Input = source + inputStart;
            state->InputLength = (nuint)(inputEnd - inputStart);
            state->Output = target;
            state->OutputLength = (nuint)buffer.Length;
            var result = code(state, inputEnded ? Action.Finish : Action.Run);
            inputStart = inputEnd - (int)state->InputLength;
            ended = result == Result.StreamEnd;
            if (result is not (Result.Ok or Result.StreamEnd)) throw Failure(result);
            return buffer.Length - (int)state->OutputLength;
        }
    }

    private InvalidDataException Failure(Result result) => new(result switch
    {
        Result.NoProgress => $"the xz data end after {state->InputTotal} compressed bytes, before their end marker",
        Result.MemoryLimit or Result.MemoryError => "the xz data need more memory than is available or allowed",
        _ => $"expected xz data, found something else before compressed byte {state->InputTotal} ({result})",
    });

    protected override void Dispose(bool disposing)
    {
        if (state is not null)
        {
            end(state);
            NativeMemory.Free(state);
            state = null;
        }
        base.Dispose(disposing);
    }

    private static nint Find(string function) => NativeLibrary.GetExport(Library.Value, function);

    private static nint LoadLibrary()
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

    /// <summary>lzma_action.</summary>
    private enum Action { Run = 0, Finish = 3 }

    /// <summary>lzma_ret.</summary>
    private enum Result { Ok, StreamEnd, MemoryError = 5, MemoryLimit, NotXz, UnknownOptions, DamagedData, NoProgress }

    /// <summary>lzma_stream.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct State
    {
        public byte* Input;
        public nuint InputLength;
        public ulong InputTotal;
        public byte* Output;
        public nuint OutputLength;
        public ulong OutputTotal;

        /// <summary>The allocator, the decoder's own state and reserved fields; all zero at the start.</summary>
        private fixed ulong rest[12];
    }
}
