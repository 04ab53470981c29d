using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Focus;

internal readonly unsafe struct SingleLanes128(Vector128<uint> bits) : ISingleLanes<SingleLanes128>
{
    private readonly Vector128<uint> bits = bits;

    private Vector128<float> Value => bits.AsSingle();

    public static int Count => Vector128<float>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes128 Broadcast(float value) => new(Vector128.Create(value).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes128 BroadcastBits(uint value) => new(Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes128 LoadBits(uint* source) => new(Vector128.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreBits(uint* destination) => bits.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes128 AddBits(SingleLanes128 a, SingleLanes128 b) => new(a.bits + b.bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes128 operator ^(SingleLanes128 a, SingleLanes128 b) => new(a.bits ^ b.bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes128 operator &(SingleLanes128 a, SingleLanes128 b) => new(a.bits & b.bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes128 operator <<(SingleLanes128 a, int count) => new(a.bits << count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes128 operator >>(SingleLanes128 a, int count) => new((a.bits.AsInt32() >> count).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes128 RotateLeft(SingleLanes128 a, [ConstantExpected] byte count) => 
        new(Avx512F.VL.IsSupported ? Avx512F.VL.RotateLeft(a.bits, count) : (a.bits << count) | (a.bits >>> (32 - count)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes128 FromUnsigned(SingleLanes128 a) => new(Vector128.ConvertToSingle(a.bits).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes128 FromSigned(SingleLanes128 a) => new(Vector128.ConvertToSingle(a.bits.AsInt32()).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes128 operator +(SingleLanes128 a, SingleLanes128 b) => new((a.Value + b.Value).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes128 operator *(SingleLanes128 a, SingleLanes128 b) => new((a.Value * b.Value).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes128 MultiplyAdd(SingleLanes128 a, SingleLanes128 b, SingleLanes128 c) =>
        new(Vector128.FusedMultiplyAdd(a.Value, b.Value, c.Value).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes128 Sqrt(SingleLanes128 a) => new(Vector128.Sqrt(a.Value).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* destination) => Value.Store(destination);
}
