using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Focus;

internal readonly unsafe struct SingleLanes256(Vector256<uint> bits) : ISingleLanes<SingleLanes256>
{
    private readonly Vector256<uint> bits = bits;

    private Vector256<float> Value => bits.AsSingle();

    public static int Count => Vector256<float>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes256 Broadcast(float value) => new(Vector256.Create(value).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes256 BroadcastBits(uint value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes256 LoadBits(uint* source) => new(Vector256.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreBits(uint* destination) => bits.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes256 AddBits(SingleLanes256 a, SingleLanes256 b) => new(a.bits + b.bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes256 operator ^(SingleLanes256 a, SingleLanes256 b) => new(a.bits ^ b.bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes256 operator &(SingleLanes256 a, SingleLanes256 b) => new(a.bits & b.bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes256 operator <<(SingleLanes256 a, int count) => new(a.bits << count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes256 operator >>(SingleLanes256 a, int count) => new((a.bits.AsInt32() >> count).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes256 RotateLeft(SingleLanes256 a, [ConstantExpected] byte count) => 
        new(Avx512F.VL.IsSupported ? Avx512F.VL.RotateLeft(a.bits, count) : (a.bits << count) | (a.bits >>> (32 - count)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes256 FromUnsigned(SingleLanes256 a) => new(Vector256.ConvertToSingle(a.bits).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes256 FromSigned(SingleLanes256 a) => new(Vector256.ConvertToSingle(a.bits.AsInt32()).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes256 operator +(SingleLanes256 a, SingleLanes256 b) => new((a.Value + b.Value).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes256 operator *(SingleLanes256 a, SingleLanes256 b) => new((a.Value * b.Value).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes256 MultiplyAdd(SingleLanes256 a, SingleLanes256 b, SingleLanes256 c) =>
        new(Vector256.FusedMultiplyAdd(a.Value, b.Value, c.Value).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes256 Sqrt(SingleLanes256 a) => new(Vector256.Sqrt(a.Value).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* destination) => Value.Store(destination);
}
