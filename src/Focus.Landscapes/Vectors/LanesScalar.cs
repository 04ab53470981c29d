using System.Runtime.CompilerServices;

namespace Focus;

internal readonly unsafe struct LanesScalar(double value) : ILanes<LanesScalar>
{
    private readonly double value = value;

    public double Value => value;

    public static int Count => 1;

    public static LanesScalar Broadcast(double value) => new(value);

    public static LanesScalar Load(double* source) => new(*source);

    public static LanesScalar Widen(float* source) => new(*source);

    public void Store(double* destination) => *destination = value;

    public static LanesScalar operator +(LanesScalar a, LanesScalar b) => new(a.value + b.value);

    public static LanesScalar operator -(LanesScalar a, LanesScalar b) => new(a.value - b.value);

    public static LanesScalar operator *(LanesScalar a, LanesScalar b) => new(a.value * b.value);

    public static LanesScalar operator /(LanesScalar a, LanesScalar b) => new(a.value / b.value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanesScalar MultiplyAdd(LanesScalar a, LanesScalar b, LanesScalar c) => new(Math.FusedMultiplyAdd(a.value, b.value, c.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanesScalar MultiplySubtract(LanesScalar a, LanesScalar b, LanesScalar c) => new(Math.FusedMultiplyAdd(a.value, b.value, -c.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanesScalar SubtractProduct(LanesScalar a, LanesScalar b, LanesScalar c) => new(Math.FusedMultiplyAdd(-b.value, c.value, a.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanesScalar Sqrt(LanesScalar a) => new(Math.Sqrt(a.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanesScalar Min(LanesScalar a, LanesScalar b) => new(double.MinNative(a.value, b.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanesScalar Max(LanesScalar a, LanesScalar b) => new(double.MaxNative(a.value, b.value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanesScalar SignOf(LanesScalar a, LanesScalar magnitude) =>
        new(a.value == 0 ? 0 : Math.CopySign(magnitude.value, a.value));
}
