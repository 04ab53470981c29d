using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Focus;

/// <summary>The float64 operations that an optimizer needs, on one vector of lanes or on a pair of vectors.</summary>
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

/// <summary>A vector of float64 lanes, each lane one run. The kernels are written once against it for every vector width.</summary>
/// <remarks>
/// There are three widths. Processors with 128-bit vectors, such as ARM's, use the 256-bit lanes, which .NET then makes of two 128-bit
/// vectors; a width of their own would be a third copy of the same forwards.
/// </remarks>
internal unsafe interface ILanes<T> : IArithmetic<T> where T : struct, ILanes<T>
{
    static abstract int Count { get; }
    static abstract T Load(double* source);

    /// <summary>Loads Count float32 values.</summary>
    static abstract T Widen(float* source);

    void Store(double* destination);

    /// <summary>The smaller of a and b; b where one is no number and the processor has x86's instruction.</summary>
    static abstract T Min(T a, T b);

    /// <summary>The larger of a and b, with numbers as in <see cref="Min"/>.</summary>
    static abstract T Max(T a, T b);

    /// <summary>1 where a &gt; 0, otherwise 0.</summary>
    static abstract T Positive(T a);
}

/// <summary>A vector of 32-bit lanes, seen as float32 or as integers, for drawing random numbers.</summary>
internal unsafe interface ISingleLanes<T> where T : struct, ISingleLanes<T>
{
    static abstract int Count { get; }
    static abstract T Broadcast(float value);
    static abstract T BroadcastBits(uint value);
    static abstract T LoadBits(uint* source);
    void StoreBits(uint* destination);
    void Store(float* destination);
    static abstract T AddBits(T a, T b);
    static abstract T operator ^(T a, T b);
    static abstract T operator &(T a, T b);
    static abstract T operator <<(T a, int count);

    /// <summary>The arithmetic shift of the bits as a signed integer.</summary>
    static abstract T operator >>(T a, int count);

    static abstract T RotateLeft(T a, [ConstantExpected] byte count);

    /// <summary>The nearest float32 of the bits as an unsigned integer.</summary>
    static abstract T FromUnsigned(T a);

    /// <summary>The nearest float32 of the bits as a signed integer.</summary>
    static abstract T FromSigned(T a);

    static abstract T operator +(T a, T b);
    static abstract T operator *(T a, T b);

    /// <summary>a·b + c, rounded once.</summary>
    static abstract T MultiplyAdd(T a, T b, T c);

    static abstract T Sqrt(T a);
}

/// <summary>How runs fill the lanes of vectors.</summary>
internal static class Lanes
{
    /// <summary>Blocks hold a multiple of this many runs, the lanes of the widest float32 vector. Nothing is kept of surplus
    /// runs.</summary>
    public const int Multiple = 16;

    /// <summary>The forwards to vector instructions must vanish in the kernels, which are larger than the JIT inlines unasked.</summary>
    public const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    public static int RoundUp(int runs) => (runs + Multiple - 1) / Multiple * Multiple;
}

/// <summary>Two vectors treated alike: two coordinates of the same runs.</summary>
internal readonly struct Pair<T>(T first, T second) : IArithmetic<Pair<T>> where T : struct, IArithmetic<T>
{
    public readonly T First = first;
    public readonly T Second = second;

    [MethodImpl(Lanes.Inline)] public static Pair<T> Broadcast(double value) => Of(T.Broadcast(value));
    [MethodImpl(Lanes.Inline)] public static Pair<T> Of(T value) => new(value, value);
    [MethodImpl(Lanes.Inline)] public static Pair<T> operator +(Pair<T> a, Pair<T> b) => new(a.First + b.First, a.Second + b.Second);
    [MethodImpl(Lanes.Inline)] public static Pair<T> operator -(Pair<T> a, Pair<T> b) => new(a.First - b.First, a.Second - b.Second);
    [MethodImpl(Lanes.Inline)] public static Pair<T> operator *(Pair<T> a, Pair<T> b) => new(a.First * b.First, a.Second * b.Second);

    /// <summary>Both quotients from one division, because divisions are slow. Accurate to 3 ulp if the product of the divisors is in
    /// range.</summary>
    [MethodImpl(Lanes.Inline)]
    public static Pair<T> operator /(Pair<T> a, Pair<T> b)
    {
        var reciprocal = T.Broadcast(1) / (b.First * b.Second);
        return new(a.First * b.Second * reciprocal, a.Second * b.First * reciprocal);
    }

    [MethodImpl(Lanes.Inline)] public static Pair<T> MultiplyAdd(Pair<T> a, Pair<T> b, Pair<T> c) =>
        new(T.MultiplyAdd(a.First, b.First, c.First), T.MultiplyAdd(a.Second, b.Second, c.Second));
    [MethodImpl(Lanes.Inline)] public static Pair<T> MultiplySubtract(Pair<T> a, Pair<T> b, Pair<T> c) =>
        new(T.MultiplySubtract(a.First, b.First, c.First), T.MultiplySubtract(a.Second, b.Second, c.Second));
    [MethodImpl(Lanes.Inline)] public static Pair<T> SubtractProduct(Pair<T> a, Pair<T> b, Pair<T> c) =>
        new(T.SubtractProduct(a.First, b.First, c.First), T.SubtractProduct(a.Second, b.Second, c.Second));
    [MethodImpl(Lanes.Inline)] public static Pair<T> Sqrt(Pair<T> a) => new(T.Sqrt(a.First), T.Sqrt(a.Second));
    [MethodImpl(Lanes.Inline)] public static Pair<T> SignOf(Pair<T> a, Pair<T> magnitude) =>
        new(T.SignOf(a.First, magnitude.First), T.SignOf(a.Second, magnitude.Second));
}

internal readonly unsafe struct LanesScalar(double value) : ILanes<LanesScalar>
{
    public readonly double Value = value;

    public static int Count => 1;
    [MethodImpl(Lanes.Inline)] public static LanesScalar Broadcast(double value) => new(value);
    [MethodImpl(Lanes.Inline)] public static LanesScalar Load(double* source) => new(*source);
    [MethodImpl(Lanes.Inline)] public static LanesScalar Widen(float* source) => new(*source);
    [MethodImpl(Lanes.Inline)] public void Store(double* destination) => *destination = Value;
    [MethodImpl(Lanes.Inline)] public static LanesScalar operator +(LanesScalar a, LanesScalar b) => new(a.Value + b.Value);
    [MethodImpl(Lanes.Inline)] public static LanesScalar operator -(LanesScalar a, LanesScalar b) => new(a.Value - b.Value);
    [MethodImpl(Lanes.Inline)] public static LanesScalar operator *(LanesScalar a, LanesScalar b) => new(a.Value * b.Value);
    [MethodImpl(Lanes.Inline)] public static LanesScalar operator /(LanesScalar a, LanesScalar b) => new(a.Value / b.Value);
    [MethodImpl(Lanes.Inline)] public static LanesScalar MultiplyAdd(LanesScalar a, LanesScalar b, LanesScalar c) =>
        new(Math.FusedMultiplyAdd(a.Value, b.Value, c.Value));
    [MethodImpl(Lanes.Inline)] public static LanesScalar MultiplySubtract(LanesScalar a, LanesScalar b, LanesScalar c) =>
        new(Math.FusedMultiplyAdd(a.Value, b.Value, -c.Value));
    [MethodImpl(Lanes.Inline)] public static LanesScalar SubtractProduct(LanesScalar a, LanesScalar b, LanesScalar c) =>
        new(Math.FusedMultiplyAdd(-b.Value, c.Value, a.Value));
    [MethodImpl(Lanes.Inline)] public static LanesScalar Sqrt(LanesScalar a) => new(Math.Sqrt(a.Value));
    [MethodImpl(Lanes.Inline)] public static LanesScalar Min(LanesScalar a, LanesScalar b) => new(double.MinNative(a.Value, b.Value));
    [MethodImpl(Lanes.Inline)] public static LanesScalar Max(LanesScalar a, LanesScalar b) => new(double.MaxNative(a.Value, b.Value));
    [MethodImpl(Lanes.Inline)] public static LanesScalar Positive(LanesScalar a) => new(a.Value > 0 ? 1 : 0);
    [MethodImpl(Lanes.Inline)] public static LanesScalar SignOf(LanesScalar a, LanesScalar magnitude) =>
        new(a.Value == 0 ? 0 : Math.CopySign(magnitude.Value, a.Value));
}

internal readonly unsafe struct Lanes256(Vector256<double> value) : ILanes<Lanes256>
{
    private readonly Vector256<double> value = value;

    public static int Count => Vector256<double>.Count;
    [MethodImpl(Lanes.Inline)] public static Lanes256 Broadcast(double value) => new(Vector256.Create(value));
    [MethodImpl(Lanes.Inline)] public static Lanes256 Load(double* source) => new(Vector256.Load(source));
    [MethodImpl(Lanes.Inline)] public static Lanes256 Widen(float* source) => new(Avx.IsSupported
        ? Avx.ConvertToVector256Double(Vector128.Load(source))
        : Vector256.WidenLower(Vector128.Load(source).ToVector256Unsafe()));
    [MethodImpl(Lanes.Inline)] public void Store(double* destination) => value.Store(destination);
    [MethodImpl(Lanes.Inline)] public static Lanes256 operator +(Lanes256 a, Lanes256 b) => new(a.value + b.value);
    [MethodImpl(Lanes.Inline)] public static Lanes256 operator -(Lanes256 a, Lanes256 b) => new(a.value - b.value);
    [MethodImpl(Lanes.Inline)] public static Lanes256 operator *(Lanes256 a, Lanes256 b) => new(a.value * b.value);
    [MethodImpl(Lanes.Inline)] public static Lanes256 operator /(Lanes256 a, Lanes256 b) => new(a.value / b.value);
    [MethodImpl(Lanes.Inline)] public static Lanes256 MultiplyAdd(Lanes256 a, Lanes256 b, Lanes256 c) =>
        new(Vector256.FusedMultiplyAdd(a.value, b.value, c.value));
    [MethodImpl(Lanes.Inline)] public static Lanes256 MultiplySubtract(Lanes256 a, Lanes256 b, Lanes256 c) => new(Fma.IsSupported
        ? Fma.MultiplySubtract(a.value, b.value, c.value)
        : Vector256.FusedMultiplyAdd(a.value, b.value, -c.value));
    [MethodImpl(Lanes.Inline)] public static Lanes256 SubtractProduct(Lanes256 a, Lanes256 b, Lanes256 c) => new(Fma.IsSupported
        ? Fma.MultiplyAddNegated(b.value, c.value, a.value)
        : Vector256.FusedMultiplyAdd(-b.value, c.value, a.value));
    [MethodImpl(Lanes.Inline)] public static Lanes256 Sqrt(Lanes256 a) => new(Vector256.Sqrt(a.value));
    [MethodImpl(Lanes.Inline)] public static Lanes256 Min(Lanes256 a, Lanes256 b) => new(Vector256.MinNative(a.value, b.value));
    [MethodImpl(Lanes.Inline)] public static Lanes256 Max(Lanes256 a, Lanes256 b) => new(Vector256.MaxNative(a.value, b.value));
    [MethodImpl(Lanes.Inline)] public static Lanes256 Positive(Lanes256 a) =>
        new(Vector256.GreaterThan(a.value, Vector256<double>.Zero) & Vector256<double>.One);
    [MethodImpl(Lanes.Inline)] public static Lanes256 SignOf(Lanes256 a, Lanes256 magnitude) =>
        new(Vector256.AndNot(Vector256.CopySign(magnitude.value, a.value), Vector256.Equals(a.value, Vector256<double>.Zero)));
}

internal readonly unsafe struct Lanes512(Vector512<double> value) : ILanes<Lanes512>
{
    private readonly Vector512<double> value = value;

    public static int Count => Vector512<double>.Count;
    [MethodImpl(Lanes.Inline)] public static Lanes512 Broadcast(double value) => new(Vector512.Create(value));
    [MethodImpl(Lanes.Inline)] public static Lanes512 Load(double* source) => new(Vector512.Load(source));
    [MethodImpl(Lanes.Inline)] public static Lanes512 Widen(float* source) => new(Avx512F.IsSupported
        ? Avx512F.ConvertToVector512Double(Vector256.Load(source))
        : Vector512.WidenLower(Vector256.Load(source).ToVector512Unsafe()));
    [MethodImpl(Lanes.Inline)] public void Store(double* destination) => value.Store(destination);
    [MethodImpl(Lanes.Inline)] public static Lanes512 operator +(Lanes512 a, Lanes512 b) => new(a.value + b.value);
    [MethodImpl(Lanes.Inline)] public static Lanes512 operator -(Lanes512 a, Lanes512 b) => new(a.value - b.value);
    [MethodImpl(Lanes.Inline)] public static Lanes512 operator *(Lanes512 a, Lanes512 b) => new(a.value * b.value);
    [MethodImpl(Lanes.Inline)] public static Lanes512 operator /(Lanes512 a, Lanes512 b) => new(a.value / b.value);
    [MethodImpl(Lanes.Inline)] public static Lanes512 MultiplyAdd(Lanes512 a, Lanes512 b, Lanes512 c) =>
        new(Vector512.FusedMultiplyAdd(a.value, b.value, c.value));
    [MethodImpl(Lanes.Inline)] public static Lanes512 MultiplySubtract(Lanes512 a, Lanes512 b, Lanes512 c) => new(Avx512F.IsSupported
        ? Avx512F.FusedMultiplySubtract(a.value, b.value, c.value)
        : Vector512.FusedMultiplyAdd(a.value, b.value, -c.value));
    [MethodImpl(Lanes.Inline)] public static Lanes512 SubtractProduct(Lanes512 a, Lanes512 b, Lanes512 c) => new(Avx512F.IsSupported
        ? Avx512F.FusedMultiplyAddNegated(b.value, c.value, a.value)
        : Vector512.FusedMultiplyAdd(-b.value, c.value, a.value));
    [MethodImpl(Lanes.Inline)] public static Lanes512 Sqrt(Lanes512 a) => new(Vector512.Sqrt(a.value));
    [MethodImpl(Lanes.Inline)] public static Lanes512 Min(Lanes512 a, Lanes512 b) => new(Vector512.MinNative(a.value, b.value));
    [MethodImpl(Lanes.Inline)] public static Lanes512 Max(Lanes512 a, Lanes512 b) => new(Vector512.MaxNative(a.value, b.value));
    [MethodImpl(Lanes.Inline)] public static Lanes512 Positive(Lanes512 a) =>
        new(Vector512.GreaterThan(a.value, Vector512<double>.Zero) & Vector512<double>.One);
    [MethodImpl(Lanes.Inline)] public static Lanes512 SignOf(Lanes512 a, Lanes512 magnitude) =>
        new(Vector512.AndNot(Vector512.CopySign(magnitude.value, a.value), Vector512.Equals(a.value, Vector512<double>.Zero)));
}

internal readonly unsafe struct SingleLanesScalar(uint bits) : ISingleLanes<SingleLanesScalar>
{
    private readonly uint bits = bits;

    private SingleLanesScalar(float value) : this(BitConverter.SingleToUInt32Bits(value))
    {
    }

    private float Value => BitConverter.UInt32BitsToSingle(bits);
    public static int Count => 1;
    [MethodImpl(Lanes.Inline)] public static SingleLanesScalar Broadcast(float value) => new(value);
    [MethodImpl(Lanes.Inline)] public static SingleLanesScalar BroadcastBits(uint value) => new(value);
    [MethodImpl(Lanes.Inline)] public static SingleLanesScalar LoadBits(uint* source) => new(*source);
    [MethodImpl(Lanes.Inline)] public void StoreBits(uint* destination) => *destination = bits;
    [MethodImpl(Lanes.Inline)] public void Store(float* destination) => *destination = Value;
    [MethodImpl(Lanes.Inline)] public static SingleLanesScalar AddBits(SingleLanesScalar a, SingleLanesScalar b) => new(a.bits + b.bits);
    [MethodImpl(Lanes.Inline)] public static SingleLanesScalar operator ^(SingleLanesScalar a, SingleLanesScalar b) => new(a.bits ^ b.bits);
    [MethodImpl(Lanes.Inline)] public static SingleLanesScalar operator &(SingleLanesScalar a, SingleLanesScalar b) => new(a.bits & b.bits);
    [MethodImpl(Lanes.Inline)] public static SingleLanesScalar operator <<(SingleLanesScalar a, int count) => new(a.bits << count);
    [MethodImpl(Lanes.Inline)] public static SingleLanesScalar operator >>(SingleLanesScalar a, int count) => new((uint)((int)a.bits >> count));
    [MethodImpl(Lanes.Inline)] public static SingleLanesScalar RotateLeft(SingleLanesScalar a, [ConstantExpected] byte count) =>
        new(BitOperations.RotateLeft(a.bits, count));
    [MethodImpl(Lanes.Inline)] public static SingleLanesScalar FromUnsigned(SingleLanesScalar a) => new((float)(double)a.bits);
    [MethodImpl(Lanes.Inline)] public static SingleLanesScalar FromSigned(SingleLanesScalar a) => new((float)(int)a.bits);
    [MethodImpl(Lanes.Inline)] public static SingleLanesScalar operator +(SingleLanesScalar a, SingleLanesScalar b) => new(a.Value + b.Value);
    [MethodImpl(Lanes.Inline)] public static SingleLanesScalar operator *(SingleLanesScalar a, SingleLanesScalar b) => new(a.Value * b.Value);
    [MethodImpl(Lanes.Inline)] public static SingleLanesScalar MultiplyAdd(SingleLanesScalar a, SingleLanesScalar b, SingleLanesScalar c) =>
        new(MathF.FusedMultiplyAdd(a.Value, b.Value, c.Value));
    [MethodImpl(Lanes.Inline)] public static SingleLanesScalar Sqrt(SingleLanesScalar a) => new(MathF.Sqrt(a.Value));
}

internal readonly unsafe struct SingleLanes256(Vector256<uint> bits) : ISingleLanes<SingleLanes256>
{
    private readonly Vector256<uint> bits = bits;

    [MethodImpl(Lanes.Inline)] private SingleLanes256(Vector256<float> value) : this(value.AsUInt32())
    {
    }

    private Vector256<float> Value => bits.AsSingle();
    public static int Count => Vector256<float>.Count;
    [MethodImpl(Lanes.Inline)] public static SingleLanes256 Broadcast(float value) => new(Vector256.Create(value));
    [MethodImpl(Lanes.Inline)] public static SingleLanes256 BroadcastBits(uint value) => new(Vector256.Create(value));
    [MethodImpl(Lanes.Inline)] public static SingleLanes256 LoadBits(uint* source) => new(Vector256.Load(source));
    [MethodImpl(Lanes.Inline)] public void StoreBits(uint* destination) => bits.Store(destination);
    [MethodImpl(Lanes.Inline)] public void Store(float* destination) => Value.Store(destination);
    [MethodImpl(Lanes.Inline)] public static SingleLanes256 AddBits(SingleLanes256 a, SingleLanes256 b) => new(a.bits + b.bits);
    [MethodImpl(Lanes.Inline)] public static SingleLanes256 operator ^(SingleLanes256 a, SingleLanes256 b) => new(a.bits ^ b.bits);
    [MethodImpl(Lanes.Inline)] public static SingleLanes256 operator &(SingleLanes256 a, SingleLanes256 b) => new(a.bits & b.bits);
    [MethodImpl(Lanes.Inline)] public static SingleLanes256 operator <<(SingleLanes256 a, int count) => new(a.bits << count);
    [MethodImpl(Lanes.Inline)] public static SingleLanes256 operator >>(SingleLanes256 a, int count) => new((a.bits.AsInt32() >> count).AsUInt32());
    [MethodImpl(Lanes.Inline)] public static SingleLanes256 RotateLeft(SingleLanes256 a, [ConstantExpected] byte count) =>
        new(Avx512F.VL.IsSupported ? Avx512F.VL.RotateLeft(a.bits, count) : (a.bits << count) | (a.bits >>> (32 - count)));
    [MethodImpl(Lanes.Inline)] public static SingleLanes256 FromUnsigned(SingleLanes256 a) => new(Vector256.ConvertToSingle(a.bits));
    [MethodImpl(Lanes.Inline)] public static SingleLanes256 FromSigned(SingleLanes256 a) => new(Vector256.ConvertToSingle(a.bits.AsInt32()));
    [MethodImpl(Lanes.Inline)] public static SingleLanes256 operator +(SingleLanes256 a, SingleLanes256 b) => new(a.Value + b.Value);
    [MethodImpl(Lanes.Inline)] public static SingleLanes256 operator *(SingleLanes256 a, SingleLanes256 b) => new(a.Value * b.Value);
    [MethodImpl(Lanes.Inline)] public static SingleLanes256 MultiplyAdd(SingleLanes256 a, SingleLanes256 b, SingleLanes256 c) =>
        new(Vector256.FusedMultiplyAdd(a.Value, b.Value, c.Value));
    [MethodImpl(Lanes.Inline)] public static SingleLanes256 Sqrt(SingleLanes256 a) => new(Vector256.Sqrt(a.Value));
}

internal readonly unsafe struct SingleLanes512(Vector512<uint> bits) : ISingleLanes<SingleLanes512>
{
    private readonly Vector512<uint> bits = bits;

    [MethodImpl(Lanes.Inline)] private SingleLanes512(Vector512<float> value) : this(value.AsUInt32())
    {
    }

    private Vector512<float> Value => bits.AsSingle();
    public static int Count => Vector512<float>.Count;
    [MethodImpl(Lanes.Inline)] public static SingleLanes512 Broadcast(float value) => new(Vector512.Create(value));
    [MethodImpl(Lanes.Inline)] public static SingleLanes512 BroadcastBits(uint value) => new(Vector512.Create(value));
    [MethodImpl(Lanes.Inline)] public static SingleLanes512 LoadBits(uint* source) => new(Vector512.Load(source));
    [MethodImpl(Lanes.Inline)] public void StoreBits(uint* destination) => bits.Store(destination);
    [MethodImpl(Lanes.Inline)] public void Store(float* destination) => Value.Store(destination);
    [MethodImpl(Lanes.Inline)] public static SingleLanes512 AddBits(SingleLanes512 a, SingleLanes512 b) => new(a.bits + b.bits);
    [MethodImpl(Lanes.Inline)] public static SingleLanes512 operator ^(SingleLanes512 a, SingleLanes512 b) => new(a.bits ^ b.bits);
    [MethodImpl(Lanes.Inline)] public static SingleLanes512 operator &(SingleLanes512 a, SingleLanes512 b) => new(a.bits & b.bits);
    [MethodImpl(Lanes.Inline)] public static SingleLanes512 operator <<(SingleLanes512 a, int count) => new(a.bits << count);
    [MethodImpl(Lanes.Inline)] public static SingleLanes512 operator >>(SingleLanes512 a, int count) => new((a.bits.AsInt32() >> count).AsUInt32());
    [MethodImpl(Lanes.Inline)] public static SingleLanes512 RotateLeft(SingleLanes512 a, [ConstantExpected] byte count) =>
        new(Avx512F.IsSupported ? Avx512F.RotateLeft(a.bits, count) : (a.bits << count) | (a.bits >>> (32 - count)));
    [MethodImpl(Lanes.Inline)] public static SingleLanes512 FromUnsigned(SingleLanes512 a) => new(Vector512.ConvertToSingle(a.bits));
    [MethodImpl(Lanes.Inline)] public static SingleLanes512 FromSigned(SingleLanes512 a) => new(Vector512.ConvertToSingle(a.bits.AsInt32()));
    [MethodImpl(Lanes.Inline)] public static SingleLanes512 operator +(SingleLanes512 a, SingleLanes512 b) => new(a.Value + b.Value);
    [MethodImpl(Lanes.Inline)] public static SingleLanes512 operator *(SingleLanes512 a, SingleLanes512 b) => new(a.Value * b.Value);
    [MethodImpl(Lanes.Inline)] public static SingleLanes512 MultiplyAdd(SingleLanes512 a, SingleLanes512 b, SingleLanes512 c) =>
        new(Vector512.FusedMultiplyAdd(a.Value, b.Value, c.Value));
    [MethodImpl(Lanes.Inline)] public static SingleLanes512 Sqrt(SingleLanes512 a) => new(Vector512.Sqrt(a.Value));
}
