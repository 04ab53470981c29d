using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Focus;

/// <summary>The loops of <see cref="FusedLayerNorm"/>: a row is read from memory once, and from the cache after that.</summary>
internal static unsafe class LayerNormKernels
{
    private const int RowsPerBlock = 32;

    /// <summary>output = (x − mean)/√(variance + ε)∘scale + shift; statistics receives the mean and the inverse deviation of each
    /// row.</summary>
    public static void Forward(float* input, float* scale, float* shift, float* output, float* statistics, int rows, int columns, float epsilon)
        => ParallelBlocks.For(rows, RowsPerBlock, columns, (first, last) =>
        {
            for (var row = first; row < last; row++)
            {
                var x = new ReadOnlySpan<float>(input + (long)row * columns, columns);
                var y = new Span<float>(output + (long)row * columns, columns);
                var mean = TensorPrimitives.Sum(x) / columns;
                TensorPrimitives.Subtract(x, mean, y);
                var inverse = 1 / MathF.Sqrt(TensorPrimitives.SumOfSquares<float>(y) / columns + epsilon);
                TensorPrimitives.Multiply(y, inverse, y);
                TensorPrimitives.Multiply(y, new ReadOnlySpan<float>(scale, columns), y);
                if (shift is not null) TensorPrimitives.Add(y, new ReadOnlySpan<float>(shift, columns), y);
                (statistics[2 * row], statistics[2 * row + 1]) = (mean, inverse);
            }
        });

    /// <summary>With x̂ the normalised input and d = dy∘scale: dx = (d − mean(d) − x̂·mean(d∘x̂))/deviation, dscale = Σ dy∘x̂,
    /// dshift = Σ dy.</summary>
    /// <remarks>The sums over rows are taken block by block and then over the blocks, in the blocks' order.</remarks>
    public static void Backward(
        float* outputGradient, float* input, float* scale, float* statistics, float* inputGradient, float* scaleGradient, float* shiftGradient,
        int rows, int columns)
    {
        var blocks = (rows + RowsPerBlock - 1) / RowsPerBlock;
        var sums = (float*)NativeMemory.AllocZeroed((nuint)blocks * 2 * (nuint)columns, sizeof(float));
        try
        {
            ParallelBlocks.For(rows, RowsPerBlock, columns, (first, last) =>
            {
                var blockSums = sums + (long)first / RowsPerBlock * 2 * columns;
                for (var row = first; row < last; row++)
                {
                    var offset = (long)row * columns;
                    BackwardRow(
                        outputGradient + offset, input + offset, scale, statistics[2 * row], statistics[2 * row + 1], inputGradient + offset,
                        blockSums, blockSums + columns, columns);
                }
            });
            AddBlocks(sums, blocks, 2 * columns, scaleGradient, columns);
            AddBlocks(sums + columns, blocks, 2 * columns, shiftGradient, columns);
        }
        finally
        {
            NativeMemory.Free(sums);
        }
    }

    private static void BackwardRow(
        float* dy, float* x, float* scale, float mean, float inverse, float* dx, float* scaleSums, float* shiftSums, int columns)
    {
        Vector<float> gradientSum = default, productSum = default;
        float gradientTail = 0, productTail = 0;
        var i = 0;
        for (; i <= columns - Vector<float>.Count; i += Vector<float>.Count)
        {
            var normalized = (Vector.Load(x + i) - new Vector<float>(mean)) * inverse;
            var gradient = Vector.Load(dy + i);
            (Vector.Load(scaleSums + i) + gradient * normalized).Store(scaleSums + i);
            (Vector.Load(shiftSums + i) + gradient).Store(shiftSums + i);
            gradient *= Vector.Load(scale + i);
            gradientSum += gradient;
            productSum += gradient * normalized;
        }
        for (; i < columns; i++)
        {
            var normalized = (x[i] - mean) * inverse;
            scaleSums[i] += dy[i] * normalized;
            shiftSums[i] += dy[i];
            gradientTail += dy[i] * scale[i];
            productTail += dy[i] * scale[i] * normalized;
        }
        var gradientMean = (Vector.Sum(gradientSum) + gradientTail) / columns;
        var productMean = (Vector.Sum(productSum) + productTail) / columns;
        for (i = 0; i <= columns - Vector<float>.Count; i += Vector<float>.Count)
        {
            var normalized = (Vector.Load(x + i) - new Vector<float>(mean)) * inverse;
            var gradient = Vector.Load(dy + i) * Vector.Load(scale + i);
            ((gradient - new Vector<float>(gradientMean) - normalized * productMean) * inverse).Store(dx + i);
        }
        for (; i < columns; i++) dx[i] = (dy[i] * scale[i] - gradientMean - (x[i] - mean) * inverse * productMean) * inverse;
    }

    private static void AddBlocks(float* sums, int blocks, int stride, float* total, int columns)
    {
        var result = new Span<float>(total, columns);
        result.Clear();
        for (var block = 0; block < blocks; block++)
            TensorPrimitives.Add(result, new ReadOnlySpan<float>(sums + (long)block * stride, columns), result);
    }
}
