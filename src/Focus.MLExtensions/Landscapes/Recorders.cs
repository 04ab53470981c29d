using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Focus;

/// <summary>What is noted of each run of a block.</summary>
internal interface IRecorder<TSelf> where TSelf : struct, IRecorder<TSelf>
{
    /// <summary>Whether anything is noted during a run; a constant, so that a kernel that notes nothing computes nothing for it.</summary>
    static abstract bool Records { get; }

    static abstract nuint Bytes(int runs);

    static abstract TSelf Create(Workspace workspace, int runs);

    /// <summary>Notes the position after a step that is not the last.</summary>
    void Record<T, TValley>(ref TValley valley, int run, T u, T q) where T : struct, ILanes<T> where TValley : struct, IValley;

    /// <summary>Writes a run's outcome, given its last position.</summary>
    void Finish<TValley>(TValley valley, int run, double u, double q, Span<double> outcome) where TValley : struct, IValley;
}

/// <summary>Notes the loss after the last step.</summary>
internal readonly struct FinalLossRecorder : IRecorder<FinalLossRecorder>
{
    public static bool Records => false;

    public static nuint Bytes(int runs) => 0;

    public static FinalLossRecorder Create(Workspace workspace, int runs) => default;

    public void Record<T, TValley>(ref TValley valley, int run, T u, T q) where T : struct, ILanes<T> where TValley : struct, IValley
    {
    }

    public void Finish<TValley>(TValley valley, int run, double u, double q, Span<double> outcome) where TValley : struct, IValley =>
        outcome[0] = valley.Loss(LanesScalar.Broadcast(u), LanesScalar.Broadcast(q)).Value;
}

/// <summary>Notes the final loss, the lowest loss after any step and the largest coordinate on the axis after any step (at least
/// 0).</summary>
internal readonly unsafe struct ExtremesRecorder(double* lowestLoss, double* projection) : IRecorder<ExtremesRecorder>
{
    public static bool Records => true;

    public static nuint Bytes(int runs) => 2 * Workspace.Bytes<double>(runs);

    public static ExtremesRecorder Create(Workspace workspace, int runs)
    {
        var lowestLoss = workspace.Take<double>(runs);
        new Span<double>(lowestLoss, runs).Fill(double.PositiveInfinity);
        return new(lowestLoss, workspace.Take<double>(runs));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Record<T, TValley>(ref TValley valley, int run, T u, T q) where T : struct, ILanes<T> where TValley : struct, IValley
    {
        T.Min(T.Load(lowestLoss + run), valley.Loss(u, q)).Store(lowestLoss + run);
        T.Max(T.Load(projection + run), u).Store(projection + run);
    }

    public void Finish<TValley>(TValley valley, int run, double u, double q, Span<double> outcome) where TValley : struct, IValley
    {
        outcome[0] = valley.Loss(LanesScalar.Broadcast(u), LanesScalar.Broadcast(q)).Value;
        outcome[1] = Math.Min(lowestLoss[run], outcome[0]);
        outcome[2] = Math.Max(projection[run], u);
    }
}

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
