using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Focus;

internal readonly unsafe struct SingleLanes512(Vector512<uint> bits) : ISingleLanes<SingleLanes512>
{
    private readonly Vector512<uint> bits = bits;

    private Vector512<float> Value => bits.AsSingle();

    public static int Count => Vector512<float>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes512 Broadcast(float value) => new(Vector512.Create(value).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes512 BroadcastBits(uint value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes512 LoadBits(uint* source) => new(Vector512.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreBits(uint* destination) => bits.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes512 AddBits(SingleLanes512 a, SingleLanes512 b) => new(a.bits + b.bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes512 operator ^(SingleLanes512 a, SingleLanes512 b) => new(a.bits ^ b.bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes512 operator &(SingleLanes512 a, SingleLanes512 b) => new(a.bits & b.bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes512 operator <<(SingleLanes512 a, int count) => new(a.bits << count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes512 operator >>(SingleLanes512 a, int count) => new((a.bits.AsInt32() >> count).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes512 RotateLeft(SingleLanes512 a, [ConstantExpected] byte count) => 
        new(Avx512F.IsSupported ? Avx512F.RotateLeft(a.bits, count) : (a.bits << count) | (a.bits >>> (32 - count)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes512 FromUnsigned(SingleLanes512 a) => new(Vector512.ConvertToSingle(a.bits).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes512 FromSigned(SingleLanes512 a) => new(Vector512.ConvertToSingle(a.bits.AsInt32()).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes512 operator +(SingleLanes512 a, SingleLanes512 b) => new((a.Value + b.Value).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes512 operator *(SingleLanes512 a, SingleLanes512 b) => new((a.Value * b.Value).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes512 MultiplyAdd(SingleLanes512 a, SingleLanes512 b, SingleLanes512 c) =>
        new(Vector512.FusedMultiplyAdd(a.Value, b.Value, c.Value).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanes512 Sqrt(SingleLanes512 a) => new(Vector512.Sqrt(a.Value).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* destination) => Value.Store(destination);
}
