using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>Two vectors treated alike: two coordinates of the same runs.</summary>
internal readonly struct Pair<T>(T first, T second) : IArithmetic<Pair<T>> where T : struct, IArithmetic<T>
{
    public readonly T First = first;
    public readonly T Second = second;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<T> Broadcast(double value) => Of(T.Broadcast(value));

    /// <summary>The same vector twice.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<T> Of(T value) => new(value, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<T> operator +(Pair<T> a, Pair<T> b) => new(a.First + b.First, a.Second + b.Second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<T> operator -(Pair<T> a, Pair<T> b) => new(a.First - b.First, a.Second - b.Second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<T> operator *(Pair<T> a, Pair<T> b) => new(a.First * b.First, a.Second * b.Second);

    /// <summary>Both quotients from one division, which processors do slowly; good to 3 ulp, for divisors whose product is in
    /// range.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<T> operator /(Pair<T> a, Pair<T> b)
    {
        var reciprocal = T.Broadcast(1) / (b.First * b.Second);
        return new(a.First * b.Second * reciprocal, a.Second * b.First * reciprocal);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<T> MultiplyAdd(Pair<T> a, Pair<T> b, Pair<T> c) =>
        new(T.MultiplyAdd(a.First, b.First, c.First), T.MultiplyAdd(a.Second, b.Second, c.Second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<T> MultiplySubtract(Pair<T> a, Pair<T> b, Pair<T> c) =>
        new(T.MultiplySubtract(a.First, b.First, c.First), T.MultiplySubtract(a.Second, b.Second, c.Second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<T> SubtractProduct(Pair<T> a, Pair<T> b, Pair<T> c) =>
        new(T.SubtractProduct(a.First, b.First, c.First), T.SubtractProduct(a.Second, b.Second, c.Second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<T> Sqrt(Pair<T> a) => new(T.Sqrt(a.First), T.Sqrt(a.Second));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair<T> SignOf(Pair<T> a, Pair<T> magnitude) => new(T.SignOf(a.First, magnitude.First), T.SignOf(a.Second, magnitude.Second));
}
