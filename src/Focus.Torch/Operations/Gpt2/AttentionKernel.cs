using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Focus;

/// <summary>The loops of <see cref="FusedAttention"/>: the cores take heads in turn, and go through their queries in blocks, which see
/// only the keys up to their own last position.</summary>
/// <remarks>
/// With S = scale·Q·Kᵀ, P = softmax(S), F the dropout's factors and O = (P∘F)·V: dV = (P∘F)ᵀ·dO, dP = (dO·Vᵀ)∘F,
/// dS = scale·P∘(dP − rowsum(dO∘O)), dQ = dS·K, dK = dSᵀ·Q. The backward pass makes P again from each row's normaliser, log Σ e^S
/// (Dao et al. 2022, FlashAttention).
/// </remarks>
/// <param name="shape">Sequences, positions, heads, and features of a head: a multiple of <see cref="SmallProduct.Step"/>.</param>
/// <param name="scale">Multiplies the products of queries and keys.</param>
/// <param name="projected">batch × time × 3·width: queries, keys and values.</param>
/// <param name="factors">batch × heads × time × time, or null.</param>
/// <param name="normalizers">batch × heads × time; written forward, read backward.</param>
internal sealed unsafe class AttentionKernel(AttentionShape shape, float scale, float* projected, float* factors, float* normalizers)
{
    private const int QueriesPerBlock = 32;

    private readonly int time = shape.Time, size = shape.Size;

    /// <summary>From one position to the next: of the projections, and of everything else.</summary>
    private readonly nint wideRow = 3 * shape.Width, row = shape.Width;

    /// <summary>From one row of positions to the next: whole vectors, and not a power of two, whose rows would share few places in the first
    /// cache.</summary>
    private readonly int paddedTime = RoundUp(shape.Time) | SmallProduct.Step;

    /// <summary>Writes batch × time × width.</summary>
    public void Forward(float* output) => ForEachHead(matrices: 2, blocks: 1, (batch, head, scratch) =>
    {
        float* keysTransposed = scratch, values = keysTransposed + size * paddedTime, weights = values + size * paddedTime;
        float* q = Projected(batch, head, 0), o = Of(output, batch, head);
        Transpose(Projected(batch, head, 1), keysTransposed);
        Copy(Projected(batch, head, 2), wideRow, values, size);
        for (var first = 0; first < time; first += QueriesPerBlock)
        {
            var (end, count) = Block(first);
            var queries = q + first * wideRow;
            SmallProduct.Multiply(new Strided(queries, wideRow, 1), keysTransposed, paddedTime, weights, paddedTime, count, RoundUp(end), size, false);
            for (var query = first; query < end; query++)
            {
                var scores = weights + (query - first) * paddedTime;
                *Normalizer(batch, head, query) = Softmax(scores, query + 1, RoundUp(end));
                if (factors is not null) Multiply(scores, Factors(batch, head, query), query + 1);
            }
            SmallProduct.Multiply(new Strided(weights, paddedTime, 1), values, size, o + first * row, row, count, size, end, false);
        }
    });

    /// <summary>Writes the gradient of the projections, batch × time × 3·width.</summary>
    public void Backward(float* output, float* outputGradient, float* gradient) => ForEachHead(matrices: 5, blocks: 3, (batch, head, scratch) =>
    {
        float* keysTransposed = scratch, valuesTransposed = keysTransposed + size * paddedTime, keys = valuesTransposed + size * paddedTime;
        float* dK = keys + size * paddedTime, dV = dK + size * paddedTime, scores = dV + size * paddedTime;
        float* weights = scores + QueriesPerBlock * paddedTime, slopes = weights + QueriesPerBlock * paddedTime;
        float* q = Projected(batch, head, 0), o = Of(output, batch, head), dO = Of(outputGradient, batch, head), dQ = gradient + (q - projected);
        Transpose(Projected(batch, head, 1), keysTransposed);
        Transpose(Projected(batch, head, 2), valuesTransposed);
        Copy(Projected(batch, head, 1), wideRow, keys, size);
        new Span<float>(dK, 2 * size * paddedTime).Clear();
        for (var first = 0; first < time; first += QueriesPerBlock)
        {
            var (end, count) = Block(first);
            float* queries = q + first * wideRow, gradients = dO + first * row;
            SmallProduct.Multiply(new Strided(queries, wideRow, 1), keysTransposed, paddedTime, scores, paddedTime, count, RoundUp(end), size, false);
            SmallProduct.Multiply(new Strided(gradients, row, 1), valuesTransposed, paddedTime, slopes, paddedTime, count, RoundUp(end), size, false);
            for (var query = first; query < end; query++)
            {
                var center = TensorPrimitives.Dot(new ReadOnlySpan<float>(o + query * row, size), new ReadOnlySpan<float>(dO + query * row, size));
                var at = (query - first) * paddedTime;
                var factor = factors is null ? null : Factors(batch, head, query);
                Slopes(scores + at, weights + at, slopes + at, factor, *Normalizer(batch, head, query), center, query + 1, RoundUp(end));
            }
            SmallProduct.Multiply(new Strided(slopes, paddedTime, 1), keys, size, dQ + first * wideRow, wideRow, count, size, end, false);
            SmallProduct.Multiply(new Strided(slopes, 1, paddedTime), queries, wideRow, dK, size, end, size, count, true);
            SmallProduct.Multiply(new Strided(weights, 1, paddedTime), gradients, row, dV, size, end, size, count, true);
        }
        Copy(dK, size, dQ + shape.Width, wideRow);
        Copy(dV, size, dQ + 2 * shape.Width, wideRow);
    });

    /// <summary>Calls an action for each head with scratch memory for matrices (size × padded time) and blocks of weights (queries of a block ×
    /// padded time).</summary>
    /// <remarks>What products go through again and again is copied there: from row to row of the projections it is so far that caches and the
    /// processor's table of pages hold little of a head.</remarks>
    private void ForEachHead(int matrices, int blocks, HeadAction action)
    {
        var scratch = (nuint)(matrices * size + blocks * QueriesPerBlock) * (nuint)paddedTime * sizeof(float);
        ParallelBlocks.For(shape.Batch * shape.Heads, 1, (long)time * time, (first, _) =>
        {
            var memory = (float*)NativeMemory.AlignedAlloc(scratch, 64);
            try
            {
                action(first / shape.Heads, first % shape.Heads, memory);
            }
            finally
            {
                NativeMemory.AlignedFree(memory);
            }
        });
    }

    /// <summary>Where the queries, keys or values (part 0, 1 or 2) of a head start.</summary>
    private float* Projected(int batch, int head, int part) => projected + batch * time * wideRow + part * row + head * size;

    private float* Of(float* tensor, int batch, int head) => tensor + batch * time * row + head * size;

    private float* Normalizer(int batch, int head, int query) => normalizers + ((nint)batch * shape.Heads + head) * time + query;

    private float* Factors(int batch, int head, int query) => factors + (((nint)batch * shape.Heads + head) * time + query) * time;

    private (int End, int Count) Block(int first)
    {
        var end = Math.Min(first + QueriesPerBlock, time);
        return (end, end - first);
    }

    /// <summary>Writes the rows of a head as columns, and zeros behind them.</summary>
    /// <remarks>A few features at a time: as many as a line of the cache holds, so that each is read once.</remarks>
    private void Transpose(float* source, float* target)
    {
        for (var first = 0; first < size; first += SmallProduct.Step)
            for (var position = 0; position < time; position++)
            {
                var features = source + position * wideRow + first;
                var column = target + first * paddedTime + position;
                for (var feature = 0; feature < SmallProduct.Step; feature++) column[feature * paddedTime] = features[feature];
            }
        for (var feature = 0; feature < size; feature++) new Span<float>(target + feature * paddedTime + time, paddedTime - time).Clear();
    }

    private void Copy(float* source, nint sourceRow, float* target, nint targetRow)
    {
        for (var position = 0; position < time; position++)
            new ReadOnlySpan<float>(source + position * sourceRow, size).CopyTo(new Span<float>(target + position * targetRow, size));
    }

    /// <summary>Turns the first scores of a row into their weights and the others into zeros.</summary>
    /// <returns>The row's normaliser.</returns>
    private float Softmax(float* scores, int count, int padded)
    {
        var greatest = TensorPrimitives.Max(new ReadOnlySpan<float>(scores, count)) * scale;
        var sum = Vector512<float>.Zero;
        for (var i = 0; i < padded; i += Vector512<float>.Count)
        {
            var value = Before(count - i, VectorExponential.Exp(Vector512.Load(scores + i) * scale - Vector512.Create(greatest)));
            sum += value;
            value.Store(scores + i);
        }
        var total = Vector512.Sum(sum);
        TensorPrimitives.Multiply(new ReadOnlySpan<float>(scores, count), 1 / total, new Span<float>(scores, count));
        return greatest + MathF.Log(total);
    }

    /// <summary>Turns the scores of a row into weights∘factors, and the products dO·Vᵀ into the slopes dS.</summary>
    private void Slopes(float* scores, float* weights, float* slopes, float* factor, float normalizer, float center, int count, int padded)
    {
        for (var i = 0; i < padded; i += Vector512<float>.Count)
        {
            var weight = Before(count - i, VectorExponential.Exp(Vector512.Load(scores + i) * scale - Vector512.Create(normalizer)));
            weight.Store(weights + i);
            weight.Store(scores + i);
        }
        if (factor is not null)
        {
            Multiply(weights, factor, count);
            Multiply(slopes, factor, count);
        }
        for (var i = 0; i < padded; i += Vector512<float>.Count)
            (Vector512.Load(scores + i) * (Vector512.Load(slopes + i) - Vector512.Create(center)) * scale).Store(slopes + i);
    }

    private static void Multiply(float* values, float* factors, int count)
    {
        var span = new Span<float>(values, count);
        TensorPrimitives.Multiply(span, new ReadOnlySpan<float>(factors, count), span);
    }

    /// <summary>The first elements of a vector, and zeros.</summary>
    private static Vector512<float> Before(int count, Vector512<float> value)
        => Vector512.ConditionalSelect(Vector512.LessThan(Vector512.CreateSequence(0, 1), Vector512.Create(count)).AsSingle(), value, Vector512<float>.Zero);

    private static int RoundUp(int count) => (count + SmallProduct.Step - 1) / SmallProduct.Step * SmallProduct.Step;

    private delegate void HeadAction(int batch, int head, float* scratch);
}

/// <summary>Sequences, positions, heads, and features of a head.</summary>
internal readonly record struct AttentionShape(int Batch, int Time, int Heads, int Size)
{
    public int Width => Heads * Size;
}
