using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>A coordinate of several runs, with which the library's update rules compute as they do with elements of tensors.</summary>
internal readonly struct LaneElements<T>(T value) : IElements<LaneElements<T>> where T : struct, ILanes<T>
{
    public readonly T Value = value;

    [MethodImpl(Lanes.Inline)] public static LaneElements<T> operator +(LaneElements<T> a, LaneElements<T> b) => new(a.Value + b.Value);
    [MethodImpl(Lanes.Inline)] public static LaneElements<T> operator -(LaneElements<T> a, LaneElements<T> b) => new(a.Value - b.Value);
    [MethodImpl(Lanes.Inline)] public static LaneElements<T> operator *(LaneElements<T> a, LaneElements<T> b) => new(a.Value * b.Value);
    [MethodImpl(Lanes.Inline)] public static LaneElements<T> operator /(LaneElements<T> a, LaneElements<T> b) => new(a.Value / b.Value);
    [MethodImpl(Lanes.Inline)] public static LaneElements<T> operator +(LaneElements<T> a, Coefficient c) => new(a.Value + T.Broadcast(c.Value));
    [MethodImpl(Lanes.Inline)] public static LaneElements<T> operator *(LaneElements<T> a, Coefficient c) => new(a.Value * T.Broadcast(c.Value));
    [MethodImpl(Lanes.Inline)] public static LaneElements<T> operator /(LaneElements<T> a, Coefficient c) => new(a.Value / T.Broadcast(c.Value));
    [MethodImpl(Lanes.Inline)] public static LaneElements<T> MultiplyAdd(LaneElements<T> a, Coefficient c, LaneElements<T> b) =>
        new(T.MultiplyAdd(a.Value, T.Broadcast(c.Value), b.Value));
    [MethodImpl(Lanes.Inline)] public static LaneElements<T> Sqrt(LaneElements<T> a) => new(T.Sqrt(a.Value));
    [MethodImpl(Lanes.Inline)] public static LaneElements<T> Abs(LaneElements<T> a) => new(T.Max(T.Broadcast(0) - a.Value, a.Value));
    [MethodImpl(Lanes.Inline)] public static LaneElements<T> Sign(LaneElements<T> a) =>
        new(T.Positive(a.Value) - T.Positive(T.Broadcast(0) - a.Value));
    [MethodImpl(Lanes.Inline)] public static LaneElements<T> Positive(LaneElements<T> a) => new(T.Positive(a.Value));

    /// <remarks>Lane by lane, because the powers of vectors depend on their width.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)] // The stack would grow in the caller's loop.
    public static unsafe LaneElements<T> Pow(LaneElements<T> a, Coefficient c)
    {
        var lanes = stackalloc double[T.Count];
        a.Value.Store(lanes);
        for (var i = 0; i < T.Count; i++) lanes[i] = Math.Pow(lanes[i], c.Value);
        return new(T.Load(lanes));
    }

    /// <remarks>In this order, what is no number stays so.</remarks>
    [MethodImpl(Lanes.Inline)] public static LaneElements<T> Min(LaneElements<T> a, Coefficient c) => new(T.Min(T.Broadcast(c.Value), a.Value));
    [MethodImpl(Lanes.Inline)] public static LaneElements<T> Max(LaneElements<T> a, LaneElements<T> b) => new(T.Max(a.Value, b.Value));
}
