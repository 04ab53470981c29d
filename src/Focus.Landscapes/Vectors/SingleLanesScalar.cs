using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Focus;

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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanesScalar MultiplyAdd(SingleLanesScalar a, SingleLanesScalar b, SingleLanesScalar c) =>
        Broadcast(MathF.FusedMultiplyAdd(a.Value, b.Value, c.Value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SingleLanesScalar Sqrt(SingleLanesScalar a) => Broadcast(MathF.Sqrt(a.Value));

    public void Store(float* destination) => *destination = Value;
}
