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
