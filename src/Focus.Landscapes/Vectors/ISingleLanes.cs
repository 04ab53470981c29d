using System.Diagnostics.CodeAnalysis;

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
