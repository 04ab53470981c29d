using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>L = ½·a·q − c·u: a valley of the same width everywhere.</summary>
internal readonly struct QuadraticValley(double sharpness, double slope) : IValley
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public (T Along, T Across) Gradient<T>(T u, T q) where T : struct, ILanes<T> => (T.Broadcast(-slope), T.Broadcast(sharpness));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Loss<T>(T u, T q) where T : struct, ILanes<T> => T.MultiplyAdd(T.Broadcast(0.5 * sharpness), q, T.Broadcast(-slope) * u);
}
