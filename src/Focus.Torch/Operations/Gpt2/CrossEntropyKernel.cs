using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace Focus;

/// <summary>The loops of <see cref="FusedCrossEntropy"/>: each row of logits is read from memory once, and from the cache after that.</summary>
internal static unsafe class CrossEntropyKernel
{
    /// <summary>Writes each row's loss, 0 where the target is -1, and, given a scale, replaces the logits by that times their
    /// gradient.</summary>
    public static void Run(float* logits, ReadOnlySpan<long> targets, float* losses, int vocabulary, float? gradientScale)
    {
        fixed (long* ids = targets)
        {
            var address = ids;
            ParallelBlocks.For(targets.Length, 1, vocabulary, (row, _) =>
            {
                var values = logits + (long)row * vocabulary;
                losses[row] = address[row] < 0
                    ? Ignore(values, vocabulary, gradientScale)
                    : Row(values, (int)address[row], vocabulary, gradientScale);
            });
        }
    }

    private static float Ignore(float* logits, int vocabulary, float? gradientScale)
    {
        if (gradientScale is not null) new Span<float>(logits, vocabulary).Clear();
        return 0;
    }

    private static float Row(float* logits, int target, int vocabulary, float? gradientScale)
    {
        var row = new Span<float>(logits, vocabulary);
        var greatest = TensorPrimitives.Max<float>(row);
        var chosen = row[target] - greatest;
        var sum = Exponentials(logits, greatest, vocabulary);
        if (gradientScale is { } scale)
        {
            TensorPrimitives.Multiply(row, scale / sum, row);
            row[target] -= scale;
        }
        return MathF.Log(sum) - chosen;
    }

    /// <summary>Replaces x by e^(x − greatest) and returns their sum.</summary>
    private static float Exponentials(float* row, float greatest, int count)
    {
        var sum = Vector512<float>.Zero;
        var shift = Vector512.Create(greatest);
        var i = 0;
        for (; i <= count - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            var value = VectorExponential.Exp(Vector512.Load(row + i) - shift);
            sum += value;
            value.Store(row + i);
        }
        var total = Vector512.Sum(sum);
        for (; i < count; i++) total += row[i] = MathF.Exp(row[i] - greatest);
        return total;
    }
}
