using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Focus;

/// <summary>The working memory of a block of runs: one allocation, cut into arrays that start on cache lines.</summary>
internal sealed unsafe class Workspace(WorkspacePool pool) : IDisposable
{
    private const int CacheLine = 64;

    private byte* start;
    private nuint size;
    private nuint used;

    /// <summary>How much is taken; <see cref="Release"/> goes back to it.</summary>
    public nuint Mark => used;

    ~Workspace() => NativeMemory.AlignedFree(start);

    /// <summary>Empties the workspace and makes sure that it holds this many bytes.</summary>
    public void Reset(nuint bytes)
    {
        used = 0;
        if (bytes <= size) return;
        NativeMemory.AlignedFree(start);
        start = null;
        size = 0;
        start = (byte*)NativeMemory.AlignedAlloc(bytes, CacheLine);
        size = bytes;
    }

    /// <summary>An array of zeros.</summary>
    public T* Take<T>(int count) where T : unmanaged
    {
        var bytes = Bytes<T>(count);
        if (used + bytes > size) throw new InvalidOperationException($"Workspace: {bytes} bytes asked for, {size - used} of {size} left.");
        var taken = (T*)(start + used);
        NativeMemory.Clear(taken, bytes);
        used += bytes;
        return taken;
    }

    public void Release(nuint mark) => used = mark;

    public static nuint Bytes<T>(int count) where T : unmanaged => ((nuint)count * (nuint)sizeof(T) + CacheLine - 1) / CacheLine * CacheLine;

    /// <summary>Gives the workspace back to its pool.</summary>
    public void Dispose() => pool.Return(this);
}

/// <summary>Workspaces for reuse by concurrent simulations.</summary>
internal sealed class WorkspacePool
{
    private readonly ConcurrentBag<Workspace> free = [];

    public Workspace Rent() => free.TryTake(out var workspace) ? workspace : new Workspace(this);

    public void Return(Workspace workspace) => free.Add(workspace);
}
