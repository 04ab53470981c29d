using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using static System.Runtime.CompilerServices.MethodImplOptions;

namespace Focus;

/// <summary>A vector of 32-bit lanes, seen as float32 or as integers, for drawing random numbers.</summary>
internal unsafe interface ISingleLanes<T> where T : struct, ISingleLanes<T>
{
    static abstract int Count { get; }

    static abstract T Broadcast(float value);

    static abstract T BroadcastBits(uint value);

    static abstract T LoadBits(uint* source);

    void StoreBits(uint* destination);

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

    void Store(float* destination);
}

/// <summary>Two vectors treated alike: two coordinates of the same runs.</summary>
internal readonly struct Pair<T>(T first, T second) : IArithmetic<Pair<T>> where T : struct, IArithmetic<T>
{
    public readonly T First = first;
    public readonly T Second = second;
    [MethodImpl(AggressiveInlining)] public static Pair<T> Broadcast(double value) => Of(T.Broadcast(value));

    /// <summary>The same vector twice.</summary>
    [MethodImpl(AggressiveInlining)] public static Pair<T> Of(T value) => new(value, value);
    [MethodImpl(AggressiveInlining)] public static Pair<T> operator +(Pair<T> a, Pair<T> b) => new(a.First + b.First, a.Second + b.Second);
    [MethodImpl(AggressiveInlining)] public static Pair<T> operator -(Pair<T> a, Pair<T> b) => new(a.First - b.First, a.Second - b.Second);
    [MethodImpl(AggressiveInlining)] public static Pair<T> operator *(Pair<T> a, Pair<T> b) => new(a.First * b.First, a.Second * b.Second);

    /// <summary>Both quotients from one division, which processors do slowly; good to 3 ulp, for divisors whose product is in
    /// range.</summary>
    [MethodImpl(AggressiveInlining)]
    public static Pair<T> operator /(Pair<T> a, Pair<T> b)
    {
        var reciprocal = T.Broadcast(1) / (b.First * b.Second);
        return new(a.First * b.Second * reciprocal, a.Second * b.First * reciprocal);
    }

    [MethodImpl(AggressiveInlining)] public static Pair<T> MultiplyAdd(Pair<T> a, Pair<T> b, Pair<T> c) =>
        new(T.MultiplyAdd(a.First, b.First, c.First), T.MultiplyAdd(a.Second, b.Second, c.Second));
    [MethodImpl(AggressiveInlining)] public static Pair<T> MultiplySubtract(Pair<T> a, Pair<T> b, Pair<T> c) =>
        new(T.MultiplySubtract(a.First, b.First, c.First), T.MultiplySubtract(a.Second, b.Second, c.Second));
    [MethodImpl(AggressiveInlining)] public static Pair<T> SubtractProduct(Pair<T> a, Pair<T> b, Pair<T> c) =>
        new(T.SubtractProduct(a.First, b.First, c.First), T.SubtractProduct(a.Second, b.Second, c.Second));
    [MethodImpl(AggressiveInlining)] public static Pair<T> Sqrt(Pair<T> a) => new(T.Sqrt(a.First), T.Sqrt(a.Second));
    [MethodImpl(AggressiveInlining)] public static Pair<T> SignOf(Pair<T> a, Pair<T> magnitude) =>
        new(T.SignOf(a.First, magnitude.First), T.SignOf(a.Second, magnitude.Second));
}

internal readonly unsafe struct SingleLanesScalar(uint bits) : ISingleLanes<SingleLanesScalar>
{
    private readonly uint bits = bits;

    private float Value => BitConverter.UInt32BitsToSingle(bits);
    public static int Count => 1;
    public static SingleLanesScalar Broadcast(float value) => new(BitConverter.SingleToUInt32Bits(value));
    public static SingleLanesScalar BroadcastBits(uint value) => new(value);
    public static SingleLanesScalar LoadBits(uint* source) => new(*source);
    public void StoreBits(uint* destination) => *destination = bits;
    public static SingleLanesScalar AddBits(SingleLanesScalar a, SingleLanesScalar b) => new(a.bits + b.bits);
    public static SingleLanesScalar operator ^(SingleLanesScalar a, SingleLanesScalar b) => new(a.bits ^ b.bits);
    public static SingleLanesScalar operator &(SingleLanesScalar a, SingleLanesScalar b) => new(a.bits & b.bits);
    public static SingleLanesScalar operator <<(SingleLanesScalar a, int count) => new(a.bits << count);
    public static SingleLanesScalar operator >>(SingleLanesScalar a, int count) => new((uint)((int)a.bits >> count));
    public static SingleLanesScalar RotateLeft(SingleLanesScalar a, [ConstantExpected] byte count) => new(BitOperations.RotateLeft(a.bits, count));
    public static SingleLanesScalar FromUnsigned(SingleLanesScalar a) => Broadcast((float)(double)a.bits);
    public static SingleLanesScalar FromSigned(SingleLanesScalar a) => Broadcast((int)a.bits);
    public static SingleLanesScalar operator +(SingleLanesScalar a, SingleLanesScalar b) => Broadcast(a.Value + b.Value);
    public static SingleLanesScalar operator *(SingleLanesScalar a, SingleLanesScalar b) => Broadcast(a.Value * b.Value);
    [MethodImpl(AggressiveInlining)] public static SingleLanesScalar MultiplyAdd(SingleLanesScalar a, SingleLanesScalar b, SingleLanesScalar c) =>
        Broadcast(MathF.FusedMultiplyAdd(a.Value, b.Value, c.Value));
    [MethodImpl(AggressiveInlining)] public static SingleLanesScalar Sqrt(SingleLanesScalar a) => Broadcast(MathF.Sqrt(a.Value));
    public void Store(float* destination) => *destination = Value;
}

internal readonly unsafe struct SingleLanes128(Vector128<uint> bits) : ISingleLanes<SingleLanes128>
{
    private readonly Vector128<uint> bits = bits;

    private Vector128<float> Value => bits.AsSingle();
    public static int Count => Vector128<float>.Count;
    [MethodImpl(AggressiveInlining)] public static SingleLanes128 Broadcast(float value) => new(Vector128.Create(value).AsUInt32());
    [MethodImpl(AggressiveInlining)] public static SingleLanes128 BroadcastBits(uint value) => new(Vector128.Create(value));
    [MethodImpl(AggressiveInlining)] public static SingleLanes128 LoadBits(uint* source) => new(Vector128.Load(source));
    [MethodImpl(AggressiveInlining)] public void StoreBits(uint* destination) => bits.Store(destination);
    [MethodImpl(AggressiveInlining)] public static SingleLanes128 AddBits(SingleLanes128 a, SingleLanes128 b) => new(a.bits + b.bits);
    [MethodImpl(AggressiveInlining)] public static SingleLanes128 operator ^(SingleLanes128 a, SingleLanes128 b) => new(a.bits ^ b.bits);
    [MethodImpl(AggressiveInlining)] public static SingleLanes128 operator &(SingleLanes128 a, SingleLanes128 b) => new(a.bits & b.bits);
    [MethodImpl(AggressiveInlining)] public static SingleLanes128 operator <<(SingleLanes128 a, int count) => new(a.bits << count);
    [MethodImpl(AggressiveInlining)] public static SingleLanes128 operator >>(SingleLanes128 a, int count) =>
        new((a.bits.AsInt32() >> count).AsUInt32());
    [MethodImpl(AggressiveInlining)] public static SingleLanes128 RotateLeft(SingleLanes128 a, [ConstantExpected] byte count) =>
        new(Avx512F.VL.IsSupported ? Avx512F.VL.RotateLeft(a.bits, count) : (a.bits << count) | (a.bits >>> (32 - count)));
    [MethodImpl(AggressiveInlining)] public static SingleLanes128 FromUnsigned(SingleLanes128 a) => new(Vector128.ConvertToSingle(a.bits).AsUInt32());
    [MethodImpl(AggressiveInlining)] public static SingleLanes128 FromSigned(SingleLanes128 a) =>
        new(Vector128.ConvertToSingle(a.bits.AsInt32()).AsUInt32());
    [MethodImpl(AggressiveInlining)] public static SingleLanes128 operator +(SingleLanes128 a, SingleLanes128 b) =>
        new((a.Value + b.Value).AsUInt32());
    [MethodImpl(AggressiveInlining)] public static SingleLanes128 operator *(SingleLanes128 a, SingleLanes128 b) =>
        new((a.Value * b.Value).AsUInt32());
    [MethodImpl(AggressiveInlining)] public static SingleLanes128 MultiplyAdd(SingleLanes128 a, SingleLanes128 b, SingleLanes128 c) =>
        new(Vector128.FusedMultiplyAdd(a.Value, b.Value, c.Value).AsUInt32());
    [MethodImpl(AggressiveInlining)] public static SingleLanes128 Sqrt(SingleLanes128 a) => new(Vector128.Sqrt(a.Value).AsUInt32());
    [MethodImpl(AggressiveInlining)] public void Store(float* destination) => Value.Store(destination);
}

internal readonly unsafe struct SingleLanes256(Vector256<uint> bits) : ISingleLanes<SingleLanes256>
{
    private readonly Vector256<uint> bits = bits;

    private Vector256<float> Value => bits.AsSingle();
    public static int Count => Vector256<float>.Count;
    [MethodImpl(AggressiveInlining)] public static SingleLanes256 Broadcast(float value) => new(Vector256.Create(value).AsUInt32());
    [MethodImpl(AggressiveInlining)] public static SingleLanes256 BroadcastBits(uint value) => new(Vector256.Create(value));
    [MethodImpl(AggressiveInlining)] public static SingleLanes256 LoadBits(uint* source) => new(Vector256.Load(source));
    [MethodImpl(AggressiveInlining)] public void StoreBits(uint* destination) => bits.Store(destination);
    [MethodImpl(AggressiveInlining)] public static SingleLanes256 AddBits(SingleLanes256 a, SingleLanes256 b) => new(a.bits + b.bits);
    [MethodImpl(AggressiveInlining)] public static SingleLanes256 operator ^(SingleLanes256 a, SingleLanes256 b) => new(a.bits ^ b.bits);
    [MethodImpl(AggressiveInlining)] public static SingleLanes256 operator &(SingleLanes256 a, SingleLanes256 b) => new(a.bits & b.bits);
    [MethodImpl(AggressiveInlining)] public static SingleLanes256 operator <<(SingleLanes256 a, int count) => new(a.bits << count);
    [MethodImpl(AggressiveInlining)] public static SingleLanes256 operator >>(SingleLanes256 a, int count) =>
        new((a.bits.AsInt32() >> count).AsUInt32());
    [MethodImpl(AggressiveInlining)] public static SingleLanes256 RotateLeft(SingleLanes256 a, [ConstantExpected] byte count) =>
        new(Avx512F.VL.IsSupported ? Avx512F.VL.RotateLeft(a.bits, count) : (a.bits << count) | (a.bits >>> (32 - count)));
    [MethodImpl(AggressiveInlining)] public static SingleLanes256 FromUnsigned(SingleLanes256 a) => new(Vector256.ConvertToSingle(a.bits).AsUInt32());
    [MethodImpl(AggressiveInlining)] public static SingleLanes256 FromSigned(SingleLanes256 a) =>
        new(Vector256.ConvertToSingle(a.bits.AsInt32()).AsUInt32());
    [MethodImpl(AggressiveInlining)] public static SingleLanes256 operator +(SingleLanes256 a, SingleLanes256 b) =>
        new((a.Value + b.Value).AsUInt32());
    [MethodImpl(AggressiveInlining)] public static SingleLanes256 operator *(SingleLanes256 a, SingleLanes256 b) =>
        new((a.Value * b.Value).AsUInt32());
    [MethodImpl(AggressiveInlining)] public static SingleLanes256 MultiplyAdd(SingleLanes256 a, SingleLanes256 b, SingleLanes256 c) =>
        new(Vector256.FusedMultiplyAdd(a.Value, b.Value, c.Value).AsUInt32());
    [MethodImpl(AggressiveInlining)] public static SingleLanes256 Sqrt(SingleLanes256 a) => new(Vector256.Sqrt(a.Value).AsUInt32());
    [MethodImpl(AggressiveInlining)] public void Store(float* destination) => Value.Store(destination);
}

internal readonly unsafe struct SingleLanes512(Vector512<uint> bits) : ISingleLanes<SingleLanes512>
{
    private readonly Vector512<uint> bits = bits;

    private Vector512<float> Value => bits.AsSingle();
    public static int Count => Vector512<float>.Count;
    [MethodImpl(AggressiveInlining)] public static SingleLanes512 Broadcast(float value) => new(Vector512.Create(value).AsUInt32());
    [MethodImpl(AggressiveInlining)] public static SingleLanes512 BroadcastBits(uint value) => new(Vector512.Create(value));
    [MethodImpl(AggressiveInlining)] public static SingleLanes512 LoadBits(uint* source) => new(Vector512.Load(source));
    [MethodImpl(AggressiveInlining)] public void StoreBits(uint* destination) => bits.Store(destination);
    [MethodImpl(AggressiveInlining)] public static SingleLanes512 AddBits(SingleLanes512 a, SingleLanes512 b) => new(a.bits + b.bits);
    [MethodImpl(AggressiveInlining)] public static SingleLanes512 operator ^(SingleLanes512 a, SingleLanes512 b) => new(a.bits ^ b.bits);
    [MethodImpl(AggressiveInlining)] public static SingleLanes512 operator &(SingleLanes512 a, SingleLanes512 b) => new(a.bits & b.bits);
    [MethodImpl(AggressiveInlining)] public static SingleLanes512 operator <<(SingleLanes512 a, int count) => new(a.bits << count);
    [MethodImpl(AggressiveInlining)] public static SingleLanes512 operator >>(SingleLanes512 a, int count) =>
        new((a.bits.AsInt32() >> count).AsUInt32());
    [MethodImpl(AggressiveInlining)] public static SingleLanes512 RotateLeft(SingleLanes512 a, [ConstantExpected] byte count) =>
        new(Avx512F.IsSupported ? Avx512F.RotateLeft(a.bits, count) : (a.bits << count) | (a.bits >>> (32 - count)));
    [MethodImpl(AggressiveInlining)] public static SingleLanes512 FromUnsigned(SingleLanes512 a) => new(Vector512.ConvertToSingle(a.bits).AsUInt32());
    [MethodImpl(AggressiveInlining)] public static SingleLanes512 FromSigned(SingleLanes512 a) =>
        new(Vector512.ConvertToSingle(a.bits.AsInt32()).AsUInt32());
    [MethodImpl(AggressiveInlining)] public static SingleLanes512 operator +(SingleLanes512 a, SingleLanes512 b) =>
        new((a.Value + b.Value).AsUInt32());
    [MethodImpl(AggressiveInlining)] public static SingleLanes512 operator *(SingleLanes512 a, SingleLanes512 b) =>
        new((a.Value * b.Value).AsUInt32());
    [MethodImpl(AggressiveInlining)] public static SingleLanes512 MultiplyAdd(SingleLanes512 a, SingleLanes512 b, SingleLanes512 c) =>
        new(Vector512.FusedMultiplyAdd(a.Value, b.Value, c.Value).AsUInt32());
    [MethodImpl(AggressiveInlining)] public static SingleLanes512 Sqrt(SingleLanes512 a) => new(Vector512.Sqrt(a.Value).AsUInt32());
    [MethodImpl(AggressiveInlining)] public void Store(float* destination) => Value.Store(destination);
}
