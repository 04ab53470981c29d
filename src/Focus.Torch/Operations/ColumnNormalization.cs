using System.Numerics;
using System.Runtime.InteropServices;

namespace Focus;

/// <summary>Normalisation of the columns of a row-major matrix, optionally of its positive part: what batch normalisation after a ReLU
/// computes.</summary>
/// <remarks>
/// Three passes: means, variances, output. Each runs through memory in order, in blocks of rows that the cores take in turn and whose sums
/// are added in the blocks' order, so that the result does not depend on the number of cores.
/// </remarks>
internal static unsafe class ColumnNormalization
{
    private const int RowsPerBlock = 128;

    /// <summary>Matrices of fewer elements than this are done before another core wakes up.</summary>
    private const long ParallelThreshold = 1 << 18;

    /// <summary>The fewest columns a matrix may have.</summary>
    public static int LeastColumns => Vector<float>.Count;

    /// <summary>Writes (x − mean)/√(variance + ε), with x the input or its positive part and the statistics taken over the rows.</summary>
    /// <param name="input">rows × columns.</param>
    /// <param name="output">rows × columns; not the input.</param>
    /// <param name="mean">columns; receives the means.</param>
    /// <param name="variance">columns; receives the variances, with divisor rows.</param>
    /// <param name="rows">At least 1.</param>
    /// <param name="columns">At least <see cref="LeastColumns"/>.</param>
    /// <param name="epsilon">ε, added to the variances before the root.</param>
    /// <param name="rectify">Whether to normalise max(x, 0).</param>
    public static void Apply(float* input, float* output, float* mean, float* variance, int rows, int columns, float epsilon, bool rectify)
    {
        var matrix = new Matrix(input, rows, columns, rectify ? 0 : float.NegativeInfinity);
        var zeros = (float*)NativeMemory.AllocZeroed((nuint)columns, sizeof(float));
        var factor = (float*)NativeMemory.Alloc((nuint)columns, sizeof(float));
        try
        {
            MeanOverRows<Value>(matrix, zeros, mean);
            MeanOverRows<SquaredDistance>(matrix, mean, variance);
            for (var i = 0; i < columns; i++) factor[i] = 1 / MathF.Sqrt(variance[i] + epsilon);
            ForEachBlock(matrix, (_, first, last) =>
            {
                for (var row = first; row < last; row++)
                    NormalizeRow(matrix.Row(row), matrix.Floor, mean, factor, output + (long)row * columns, columns);
            });
        }
        finally
        {
            NativeMemory.Free(zeros);
            NativeMemory.Free(factor);
        }
    }

    /// <summary>The mean over the rows of a term of the elements and their columns' centers.</summary>
    private static void MeanOverRows<TTerm>(Matrix matrix, float* center, float* mean) where TTerm : ITerm
    {
        var sums = (float*)NativeMemory.AllocZeroed((nuint)(matrix.Blocks * matrix.Columns), sizeof(float));
        try
        {
            ForEachBlock(matrix, (block, first, last) =>
            {
                for (var row = first; row < last; row++)
                    AddRow<TTerm>(matrix.Row(row), matrix.Floor, center, sums + (long)block * matrix.Columns, matrix.Columns);
            });
            for (var i = 0; i < matrix.Columns; i++)
            {
                var sum = 0f;
                for (var block = 0; block < matrix.Blocks; block++) sum += sums[(long)block * matrix.Columns + i];
                mean[i] = sum / matrix.Rows;
            }
        }
        finally
        {
            NativeMemory.Free(sums);
        }
    }

    /// <summary>Adds the terms of a row; the last vector overlaps its neighbour, whose share is masked out.</summary>
    private static void AddRow<TTerm>(float* row, float floor, float* center, float* sums, int columns) where TTerm : ITerm
    {
        var floors = new Vector<float>(floor);
        var i = 0;
        for (; i <= columns - Vector<float>.Count; i += Vector<float>.Count)
            (Vector.Load(sums + i) + TTerm.Of(Rectify(Vector.Load(row + i), floors), Vector.Load(center + i))).Store(sums + i);
        if (i == columns) return;
        var last = columns - Vector<float>.Count;
        var term = TTerm.Of(Rectify(Vector.Load(row + last), floors), Vector.Load(center + last));
        var fresh = Vector.GreaterThanOrEqual(Vector<int>.Indices, new Vector<int>(i - last));
        (Vector.Load(sums + last) + Vector.ConditionalSelect(fresh, term, Vector<float>.Zero)).Store(sums + last);
    }

    /// <summary>Normalises a row; the last vector overlaps its neighbour, whose share is computed again.</summary>
    private static void NormalizeRow(float* row, float floor, float* mean, float* factor, float* output, int columns)
    {
        var floors = new Vector<float>(floor);
        for (var i = 0; i <= columns - Vector<float>.Count; i += Vector<float>.Count) Normalize(i);
        Normalize(columns - Vector<float>.Count);

        void Normalize(int i)
            => ((Rectify(Vector.Load(row + i), floors) - Vector.Load(mean + i)) * Vector.Load(factor + i)).Store(output + i);
    }

    /// <summary>max(x, floor), with NaN for NaN: the processor's instruction returns its second operand where one is NaN.</summary>
    private static Vector<float> Rectify(Vector<float> value, Vector<float> floor) => Vector.MaxNative(floor, value);

    /// <summary>Calls an action with each block's number, first row and the row after its last.</summary>
    private static void ForEachBlock(Matrix matrix, Action<int, int, int> action)
    {
        if ((long)matrix.Rows * matrix.Columns < ParallelThreshold || !TorchThreads.AreMany)
            for (var block = 0; block < matrix.Blocks; block++) Do(block);
        else
            Parallel.For(0, matrix.Blocks, Do);

        void Do(int block) => action(block, block * RowsPerBlock, Math.Min((block + 1) * RowsPerBlock, matrix.Rows));
    }

    private readonly struct Matrix(float* input, int rows, int columns, float floor)
    {
        public int Rows => rows;

        public int Columns => columns;

        /// <summary>What smaller elements are raised to.</summary>
        public float Floor => floor;

        public int Blocks => (rows + RowsPerBlock - 1) / RowsPerBlock;

        public float* Row(int index) => input + (long)index * columns;
    }

    private interface ITerm
    {
        static abstract Vector<float> Of(Vector<float> value, Vector<float> center);
    }

    private readonly struct Value : ITerm
    {
        public static Vector<float> Of(Vector<float> value, Vector<float> center) => value;
    }

    private readonly struct SquaredDistance : ITerm
    {
        public static Vector<float> Of(Vector<float> value, Vector<float> center) => (value - center) * (value - center);
    }
}
