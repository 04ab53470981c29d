using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Focus;

/// <summary>GELU in its tanh form, written with the logistic function: x·σ(2u) with u = √(2/π)·(x + 0.044715·x³).</summary>
internal static unsafe class GeluKernels
{
    /// <summary>64 KiB of each array.</summary>
    private const int BlockLength = 1 << 14;

    /// <summary>The coefficients of 2u.</summary>
    private const float Linear = 1.5957691216f, Cubic = 1.5957691216f * 0.044715f;

    /// <summary>output = GELU(input).</summary>
    public static void Forward(float* input, float* output, long length)
        => ParallelBlocks.For(checked((int)length), BlockLength, 1, (first, last) =>
        {
            var i = first;
            for (; i <= last - Vector512<float>.Count; i += Vector512<float>.Count) Forward(Vector512.Load(input + i)).Store(output + i);
            if (i == last) return;
            var tail = stackalloc float[Vector512<float>.Count];
            Copy(input + i, tail, last - i);
            Forward(Vector512.Load(tail)).Store(tail);
            Copy(tail, output + i, last - i);
        });

    /// <summary>output = GELU(input), and gradient is multiplied by GELU'(input).</summary>
    public static void Backward(float* input, float* output, float* gradient, long length)
        => ParallelBlocks.For(checked((int)length), BlockLength, 1, (first, last) =>
        {
            var i = first;
            for (; i <= last - Vector512<float>.Count; i += Vector512<float>.Count) Backward(input + i, output + i, gradient + i);
            if (i == last) return;
            var tail = stackalloc float[3 * Vector512<float>.Count];
            float* tailOutput = tail + Vector512<float>.Count, tailGradient = tailOutput + Vector512<float>.Count;
            Copy(input + i, tail, last - i);
            Copy(gradient + i, tailGradient, last - i);
            Backward(tail, tailOutput, tailGradient);
            Copy(tailOutput, output + i, last - i);
            Copy(tailGradient, gradient + i, last - i);
        });

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Forward(Vector512<float> x) => x * Sigmoid(x);

    /// <summary>With s = σ(2u): GELU' = s + x·s·(1 − s)·(2u)'.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Backward(float* input, float* output, float* gradient)
    {
        var x = Vector512.Load(input);
        var s = Sigmoid(x);
        var value = x * s;
        var slope = Vector512.FusedMultiplyAdd(x * x, Vector512.Create(3 * Cubic), Vector512.Create(Linear));
        var derivative = Vector512.FusedMultiplyAdd(value * (Vector512<float>.One - s), slope, s);
        value.Store(output);
        (Vector512.Load(gradient) * derivative).Store(gradient);
    }

    /// <summary>σ(2u).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Sigmoid(Vector512<float> x)
    {
        var minus = -x * Vector512.FusedMultiplyAdd(x * x, Vector512.Create(Cubic), Vector512.Create(Linear));
        return Vector512<float>.One / (Vector512<float>.One + VectorExponential.Exp(minus));
    }

    private static void Copy(float* source, float* target, int count)
        => new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(target, count));
}
