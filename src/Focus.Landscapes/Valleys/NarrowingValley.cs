using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>L = ½·a·u²·q − c·u: the further along, the narrower (arXiv:2501.12243).</summary>
internal readonly struct NarrowingValley(double sharpness, double slope) : IValley
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public (T Along, T Across) Gradient<T>(T u, T q) where T : struct, ILanes<T>
    {
        var au = T.Broadcast(sharpness) * u;
        return (T.MultiplyAdd(au, q, T.Broadcast(-slope)), au * u);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Loss<T>(T u, T q) where T : struct, ILanes<T> =>
        T.MultiplyAdd(T.Broadcast(0.5 * sharpness) * u * u, q, T.Broadcast(-slope) * u);
}
