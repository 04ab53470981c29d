using TorchSharp;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Makes the garbage collector heed the native memory behind tensors, which it cannot see, and returns memory to the system once it is free.
/// The tensors' owner makes one after them and keeps it.</summary>
/// <remarks>
/// A network of gigabytes is a few small objects to the collector: programs that make networks and drop them would run out of memory before it found
/// a reason to look for them. So it is called whenever the memory of all owners has grown by half since. <see cref="GC.AddMemoryPressure"/> alone does not
/// do: it collects in the background, later than a busy program makes its next networks.
/// </remarks>
internal sealed class MemoryPressure : IDisposable
{
    /// <summary>Less memory than this is not worth a collection.</summary>
    private const long LeastCollected = 16 << 20;

    /// <summary>Less memory than this is not worth a walk through the heap to return it.</summary>
    private const long LeastReturned = 1 << 20;

    private static readonly Lock Collecting = new();
    private static long _live, _limit = LeastCollected;

    private long bytes;

    public MemoryPressure(IEnumerable<Tensor> tensors)
    {
        bytes = tensors.Where(tensor => tensor.device_type != DeviceType.META).Sum(tensor => tensor.numel() * tensor.ElementSize);
        if (Interlocked.Add(ref _live, bytes) > Volatile.Read(ref _limit)) Collect();
    }

    ~MemoryPressure() => Remove();

    /// <summary>For when the tensors have been disposed of.</summary>
    public void Dispose()
    {
        if (Remove() >= LeastReturned) TorchRuntime.ReturnFreedMemory();
        GC.SuppressFinalize(this);
    }

    private static void Collect()
    {
        lock (Collecting)
        {
            if (Volatile.Read(ref _live) <= _limit) return; // Another thread has just collected.
            GC.Collect();
            GC.WaitForPendingFinalizers(); // They free the tensors.
            TorchRuntime.ReturnFreedMemory(); // glibc would not use the gaps for aligned blocks of the same size.
            var live = Volatile.Read(ref _live);
            _limit = Math.Max(LeastCollected, live + live / 2);
        }
    }

    private long Remove()
    {
        var removed = Interlocked.Exchange(ref bytes, 0);
        Interlocked.Add(ref _live, -removed);
        return removed;
    }
}
