using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using static System.Runtime.CompilerServices.MethodImplOptions;

namespace Focus;

/// <summary>The float64 operations an optimizer needs, on one vector of lanes or on several.</summary>
/// <remarks>All implementations round each operation alike, so results do not depend on the vector width.</remarks>
internal interface IArithmetic<T> where T : struct, IArithmetic<T>
{
    static abstract T Broadcast(double value);

    static abstract T operator +(T a, T b);

    static abstract T operator -(T a, T b);

    static abstract T operator *(T a, T b);

    static abstract T operator /(T a, T b);

    /// <summary>a·b + c, rounded once.</summary>
    static abstract T MultiplyAdd(T a, T b, T c);

    /// <summary>a·b − c, rounded once.</summary>
    static abstract T MultiplySubtract(T a, T b, T c);

    /// <summary>a − b·c, rounded once.</summary>
    static abstract T SubtractProduct(T a, T b, T c);

    static abstract T Sqrt(T a);

    /// <summary>sign(a)·magnitude, with sign(0) = 0.</summary>
    static abstract T SignOf(T a, T magnitude);
}

/// <summary>A vector of float64 lanes, each lane one run; the kernels are written once against it for every vector width.</summary>
internal unsafe interface ILanes<T> : IArithmetic<T> where T : struct, ILanes<T>
{
    static abstract int Count { get; }

    static abstract T Load(double* source);

    /// <summary>Loads Count float32 values.</summary>
    static abstract T Widen(float* source);

    void Store(double* destination);

    static abstract T Min(T a, T b);

    static abstract T Max(T a, T b);
}

/// <summary>How runs fill the lanes of vectors.</summary>
internal static class Lanes
{
    /// <summary>Blocks hold a multiple of this many runs, the lanes of the widest float32 vector; the surplus runs have learning rate
    /// 0.</summary>
    public const int Multiple = 16;

    public static int RoundUp(int runs) => (runs + Multiple - 1) / Multiple * Multiple;
}

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
    [MethodImpl(AggressiveInlining)] public static LanesScalar MultiplyAdd(LanesScalar a, LanesScalar b, LanesScalar c) =>
        new(Math.FusedMultiplyAdd(a.value, b.value, c.value));
    [MethodImpl(AggressiveInlining)] public static LanesScalar MultiplySubtract(LanesScalar a, LanesScalar b, LanesScalar c) =>
        new(Math.FusedMultiplyAdd(a.value, b.value, -c.value));
    [MethodImpl(AggressiveInlining)] public static LanesScalar SubtractProduct(LanesScalar a, LanesScalar b, LanesScalar c) =>
        new(Math.FusedMultiplyAdd(-b.value, c.value, a.value));
    [MethodImpl(AggressiveInlining)] public static LanesScalar Sqrt(LanesScalar a) => new(Math.Sqrt(a.value));
    [MethodImpl(AggressiveInlining)] public static LanesScalar Min(LanesScalar a, LanesScalar b) => new(double.MinNative(a.value, b.value));
    [MethodImpl(AggressiveInlining)] public static LanesScalar Max(LanesScalar a, LanesScalar b) => new(double.MaxNative(a.value, b.value));
    [MethodImpl(AggressiveInlining)] public static LanesScalar SignOf(LanesScalar a, LanesScalar magnitude) =>
        new(a.value == 0 ? 0 : Math.CopySign(magnitude.value, a.value));
}

internal readonly unsafe struct Lanes128(Vector128<double> value) : ILanes<Lanes128>
{
    private readonly Vector128<double> value = value;

    public static int Count => Vector128<double>.Count;
    [MethodImpl(AggressiveInlining)] public static Lanes128 Broadcast(double value) => new(Vector128.Create(value));
    [MethodImpl(AggressiveInlining)] public static Lanes128 Load(double* source) => new(Vector128.Load(source));
    [MethodImpl(AggressiveInlining)] public static Lanes128 Widen(float* source) =>
        new(Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(double*)source).AsSingle()));
    [MethodImpl(AggressiveInlining)] public void Store(double* destination) => value.Store(destination);
    [MethodImpl(AggressiveInlining)] public static Lanes128 operator +(Lanes128 a, Lanes128 b) => new(a.value + b.value);
    [MethodImpl(AggressiveInlining)] public static Lanes128 operator -(Lanes128 a, Lanes128 b) => new(a.value - b.value);
    [MethodImpl(AggressiveInlining)] public static Lanes128 operator *(Lanes128 a, Lanes128 b) => new(a.value * b.value);
    [MethodImpl(AggressiveInlining)] public static Lanes128 operator /(Lanes128 a, Lanes128 b) => new(a.value / b.value);
    [MethodImpl(AggressiveInlining)] public static Lanes128 MultiplyAdd(Lanes128 a, Lanes128 b, Lanes128 c) =>
        new(Vector128.FusedMultiplyAdd(a.value, b.value, c.value));
    [MethodImpl(AggressiveInlining)] public static Lanes128 MultiplySubtract(Lanes128 a, Lanes128 b, Lanes128 c) =>
        new(Fma.IsSupported ? Fma.MultiplySubtract(a.value, b.value, c.value) : Vector128.FusedMultiplyAdd(a.value, b.value, -c.value));
    [MethodImpl(AggressiveInlining)] public static Lanes128 SubtractProduct(Lanes128 a, Lanes128 b, Lanes128 c) =>
        new(Fma.IsSupported ? Fma.MultiplyAddNegated(b.value, c.value, a.value) : Vector128.FusedMultiplyAdd(-b.value, c.value, a.value));
    [MethodImpl(AggressiveInlining)] public static Lanes128 Sqrt(Lanes128 a) => new(Vector128.Sqrt(a.value));
    [MethodImpl(AggressiveInlining)] public static Lanes128 Min(Lanes128 a, Lanes128 b) => new(Vector128.MinNative(a.value, b.value));
    [MethodImpl(AggressiveInlining)] public static Lanes128 Max(Lanes128 a, Lanes128 b) => new(Vector128.MaxNative(a.value, b.value));
    [MethodImpl(AggressiveInlining)] public static Lanes128 SignOf(Lanes128 a, Lanes128 magnitude) =>
        new(Vector128.ConditionalSelect(Vector128.Equals(a.value, Vector128<double>.Zero), Vector128<double>.Zero, Vector128.CopySign(magnitude.value, a.value)));
}

internal readonly unsafe struct Lanes256(Vector256<double> value) : ILanes<Lanes256>
{
    private readonly Vector256<double> value = value;

    public static int Count => Vector256<double>.Count;
    [MethodImpl(AggressiveInlining)] public static Lanes256 Broadcast(double value) => new(Vector256.Create(value));
    [MethodImpl(AggressiveInlining)] public static Lanes256 Load(double* source) => new(Vector256.Load(source));

    [MethodImpl(AggressiveInlining)]
    public static Lanes256 Widen(float* source) => new(Avx.IsSupported
        ? Avx.ConvertToVector256Double(Vector128.Load(source))
        : Vector256.WidenLower(Vector128.Load(source).ToVector256Unsafe()));
    [MethodImpl(AggressiveInlining)] public void Store(double* destination) => value.Store(destination);
    [MethodImpl(AggressiveInlining)] public static Lanes256 operator +(Lanes256 a, Lanes256 b) => new(a.value + b.value);
    [MethodImpl(AggressiveInlining)] public static Lanes256 operator -(Lanes256 a, Lanes256 b) => new(a.value - b.value);
    [MethodImpl(AggressiveInlining)] public static Lanes256 operator *(Lanes256 a, Lanes256 b) => new(a.value * b.value);
    [MethodImpl(AggressiveInlining)] public static Lanes256 operator /(Lanes256 a, Lanes256 b) => new(a.value / b.value);
    [MethodImpl(AggressiveInlining)] public static Lanes256 MultiplyAdd(Lanes256 a, Lanes256 b, Lanes256 c) =>
        new(Vector256.FusedMultiplyAdd(a.value, b.value, c.value));
    [MethodImpl(AggressiveInlining)] public static Lanes256 MultiplySubtract(Lanes256 a, Lanes256 b, Lanes256 c) =>
        new(Fma.IsSupported ? Fma.MultiplySubtract(a.value, b.value, c.value) : Vector256.FusedMultiplyAdd(a.value, b.value, -c.value));
    [MethodImpl(AggressiveInlining)] public static Lanes256 SubtractProduct(Lanes256 a, Lanes256 b, Lanes256 c) =>
        new(Fma.IsSupported ? Fma.MultiplyAddNegated(b.value, c.value, a.value) : Vector256.FusedMultiplyAdd(-b.value, c.value, a.value));
    [MethodImpl(AggressiveInlining)] public static Lanes256 Sqrt(Lanes256 a) => new(Vector256.Sqrt(a.value));
    [MethodImpl(AggressiveInlining)] public static Lanes256 Min(Lanes256 a, Lanes256 b) => new(Vector256.MinNative(a.value, b.value));
    [MethodImpl(AggressiveInlining)] public static Lanes256 Max(Lanes256 a, Lanes256 b) => new(Vector256.MaxNative(a.value, b.value));
    [MethodImpl(AggressiveInlining)] public static Lanes256 SignOf(Lanes256 a, Lanes256 magnitude) =>
        new(Vector256.ConditionalSelect(Vector256.Equals(a.value, Vector256<double>.Zero), Vector256<double>.Zero, Vector256.CopySign(magnitude.value, a.value)));
}

internal readonly unsafe struct Lanes512(Vector512<double> value) : ILanes<Lanes512>
{
    private readonly Vector512<double> value = value;

    public static int Count => Vector512<double>.Count;
    [MethodImpl(AggressiveInlining)] public static Lanes512 Broadcast(double value) => new(Vector512.Create(value));
    [MethodImpl(AggressiveInlining)] public static Lanes512 Load(double* source) => new(Vector512.Load(source));

    [MethodImpl(AggressiveInlining)]
    public static Lanes512 Widen(float* source) => new(Avx512F.IsSupported
        ? Avx512F.ConvertToVector512Double(Vector256.Load(source))
        : Vector512.WidenLower(Vector256.Load(source).ToVector512Unsafe()));
    [MethodImpl(AggressiveInlining)] public void Store(double* destination) => value.Store(destination);
    [MethodImpl(AggressiveInlining)] public static Lanes512 operator +(Lanes512 a, Lanes512 b) => new(a.value + b.value);
    [MethodImpl(AggressiveInlining)] public static Lanes512 operator -(Lanes512 a, Lanes512 b) => new(a.value - b.value);
    [MethodImpl(AggressiveInlining)] public static Lanes512 operator *(Lanes512 a, Lanes512 b) => new(a.value * b.value);
    [MethodImpl(AggressiveInlining)] public static Lanes512 operator /(Lanes512 a, Lanes512 b) => new(a.value / b.value);
    [MethodImpl(AggressiveInlining)] public static Lanes512 MultiplyAdd(Lanes512 a, Lanes512 b, Lanes512 c) =>
        new(Vector512.FusedMultiplyAdd(a.value, b.value, c.value));
    [MethodImpl(AggressiveInlining)] public static Lanes512 MultiplySubtract(Lanes512 a, Lanes512 b, Lanes512 c) =>
        new(Avx512F.IsSupported ? Avx512F.FusedMultiplySubtract(a.value, b.value, c.value) : Vector512.FusedMultiplyAdd(a.value, b.value, -c.value));
    [MethodImpl(AggressiveInlining)] public static Lanes512 SubtractProduct(Lanes512 a, Lanes512 b, Lanes512 c) =>
        new(Avx512F.IsSupported ? Avx512F.FusedMultiplyAddNegated(b.value, c.value, a.value) : Vector512.FusedMultiplyAdd(-b.value, c.value, a.value));
    [MethodImpl(AggressiveInlining)] public static Lanes512 Sqrt(Lanes512 a) => new(Vector512.Sqrt(a.value));
    [MethodImpl(AggressiveInlining)] public static Lanes512 Min(Lanes512 a, Lanes512 b) => new(Vector512.MinNative(a.value, b.value));
    [MethodImpl(AggressiveInlining)] public static Lanes512 Max(Lanes512 a, Lanes512 b) => new(Vector512.MaxNative(a.value, b.value));
    [MethodImpl(AggressiveInlining)] public static Lanes512 SignOf(Lanes512 a, Lanes512 magnitude) =>
        new(Vector512.ConditionalSelect(Vector512.Equals(a.value, Vector512<double>.Zero), Vector512<double>.Zero, Vector512.CopySign(magnitude.value, a.value)));
}
