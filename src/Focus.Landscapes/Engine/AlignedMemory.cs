using System.Runtime.InteropServices;

namespace Focus;

/// <summary>The working memory of a block of runs: one allocation, cut into arrays that start on cache lines.</summary>
internal sealed unsafe class AlignedMemory : IDisposable
{
    /// <summary>Blocks hold a multiple of this many runs: the lanes of the widest float32 vector.</summary>
    public const int Lanes = 16;

    private const int CacheLine = 64;

    private readonly int bytes;
    private byte* start;
    private int used;

    public AlignedMemory(int bytes)
    {
        this.bytes = bytes;
        start = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, CacheLine);
    }

    public T* Take<T>(int count) where T : unmanaged
    {
        var size = (count * sizeof(T) + CacheLine - 1) / CacheLine * CacheLine;
        if (used + size > bytes) throw new InvalidOperationException($"Working memory: {size} bytes asked for, {bytes - used} of {bytes} left.");
        var taken = (T*)(start + used);
        used += size;
        return taken;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(start);
        start = null;
        GC.SuppressFinalize(this);
    }

    ~AlignedMemory() => Dispose();
}
