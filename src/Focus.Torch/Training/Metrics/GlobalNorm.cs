using System.Numerics.Tensors;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Focus;

/// <summary>The Euclidean norm of many tensors taken together.</summary>
internal static unsafe class GlobalNorm
{
    /// <summary>Elements per chunk; their squares are summed in float32, the chunks' sums in float64.</summary>
    private const int ChunkLength = 1 << 16;

    /// <summary>The norm, in one pass over memory on all cores, and equal whatever their number; infinite or NaN where an element is.</summary>
    public static double Of(IEnumerable<Tensor> tensors)
    {
        using var _ = no_grad();
        using var scope = NewDisposeScope();
        var chunks = new List<(nint Address, int Length)>();
        var others = new List<Tensor>();
        foreach (var tensor in tensors)
        {
            if (tensor.IsSpannable()) AddChunks(chunks, tensor);
            else others.Add(tensor.to(ScalarType.Float32).norm());
        }
        var squares = SumOfSquares(chunks);
        if (others.Count > 0) squares += Square(stack(others).norm().ToDouble());
        GC.KeepAlive(tensors);
        return Math.Sqrt(squares);
    }

    private static void AddChunks(List<(nint, int)> chunks, Tensor tensor)
    {
        var (address, length) = ((nint)tensor.Address(), (int)tensor.numel());
        for (var start = 0; start < length; start += ChunkLength)
            chunks.Add((address + start * sizeof(float), Math.Min(ChunkLength, length - start)));
    }

    private static double SumOfSquares(List<(nint Address, int Length)> chunks)
    {
        var sums = new double[chunks.Count];
        ParallelBlocks.For(sums.Length, 1, ChunkLength, (i, _) =>
            sums[i] = TensorPrimitives.SumOfSquares(new ReadOnlySpan<float>((float*)chunks[i].Address, chunks[i].Length)));
        return sums.Sum();
    }

    private static double Square(double value) => value * value;
}
