using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>Notes nothing: only the end of the run counts.</summary>
internal readonly struct NoRecorder : IRecorder
{
    public static bool Records => false;

    public void Record<T, TValley>(TValley valley, int step, int run, T u, T q) where T : struct, ILanes<T> where TValley : struct, IValley
    {
    }
}

/// <summary>Notes the lowest loss and the largest coordinate on the axis (at least 0).</summary>
internal unsafe readonly struct ExtremesRecorder(double* lowestLoss, double* projection) : IRecorder
{
    public static bool Records => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Record<T, TValley>(TValley valley, int step, int run, T u, T q) where T : struct, ILanes<T> where TValley : struct, IValley
    {
        T.Min(T.Load(lowestLoss + run), valley.Loss(u, q)).Store(lowestLoss + run);
        T.Max(T.Load(projection + run), u).Store(projection + run);
    }
}
