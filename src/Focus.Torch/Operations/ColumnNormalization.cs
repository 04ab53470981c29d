using System.Numerics;

namespace Focus;

/// <summary>Normalisation of the columns of a row-major matrix, optionally of its positive part: what batch normalisation after a ReLU computes.</summary>
/// <remarks>
/// Columns are done in tiles a few vectors wide, which the cores take in turn; the last tile overlaps its neighbour rather than being narrower.
/// Everything is out of place, so the overlap is computed twice with the same result.
/// </remarks>
internal static unsafe class ColumnNormalization
{
    /// <summary>Columns in a tile; a matrix must have at least as many.</summary>
    public static int TileWidth => 4 * Vector<float>.Count;

    /// <summary>Matrices of fewer elements than this are done before another core wakes up.</summary>
    private const long ParallelThreshold = 1 << 18;

    /// <summary>Writes (x − mean)·inverseDeviation to <paramref name="output"/>, with x the input or its positive part and the statistics taken over the rows.</summary>
    /// <param name="input">rows × columns.</param>
    /// <param name="output">rows × columns; not the input.</param>
    /// <param name="mean">columns; receives the means.</param>
    /// <param name="variance">columns; receives the variances, with divisor rows.</param>
    /// <param name="rows">At least 1.</param>
    /// <param name="columns">At least <see cref="TileWidth"/>.</param>
    /// <param name="epsilon">Added to the variances before the root.</param>
    /// <param name="rectify">Whether to normalise max(x, 0).</param>
    public static void Apply(
        float* input, float* output, float* mean, float* variance, int rows, int columns, float epsilon, bool rectify)
        => ForEachTile(rows, columns, start =>
        {
            var tile = new Tile(input + start, rows, columns, rectify);
            tile.Statistics(mean + start, variance + start);
            tile.Normalize(output + start, mean + start, variance + start, epsilon);
        });

    private static void ForEachTile(int rows, int columns, Action<int> action)
    {
        var tiles = (columns + TileWidth - 1) / TileWidth;
        if ((long)rows * columns < ParallelThreshold)
            for (var i = 0; i < tiles; i++) action(Start(i));
        else
            Parallel.For(0, tiles, i => action(Start(i)));

        int Start(int tile) => Math.Min(tile * TileWidth, columns - TileWidth);
    }

    /// <summary>Four vectors of columns of a matrix, all rows.</summary>
    private readonly struct Tile(float* input, int rows, int stride, bool rectify)
    {
        private readonly Vector<float> floor = new(rectify ? 0 : float.NegativeInfinity);

        /// <summary>The means, then the mean squares of the distances from them: two passes, as one would cancel digits.</summary>
        public void Statistics(float* mean, float* variance)
        {
            Columns sum = default;
            for (var row = 0; row < rows; row++) sum.Add(Load(row));
            var means = sum.Times(new Vector<float>(1f / rows));
            means.Store(mean);

            Columns squares = default;
            for (var row = 0; row < rows; row++) squares.AddSquare(Load(row).Minus(means));
            squares.Times(new Vector<float>(1f / rows)).Store(variance);
        }

        public void Normalize(float* output, float* mean, float* variance, float epsilon)
        {
            var means = Columns.Load(mean);
            var factors = Columns.Load(variance).InverseRoot(new Vector<float>(epsilon));
            for (var row = 0; row < rows; row++)
                Load(row).Minus(means).Times(factors).Store(output + (long)row * stride);
        }

        private Columns Load(int row) => Columns.Load(input + (long)row * stride).Max(floor);
    }

    /// <summary>One row of a tile, in registers.</summary>
    private struct Columns
    {
        private Vector<float> a, b, c, d;

        public static Columns Load(float* source) => new()
        {
            a = Vector.Load(source),
            b = Vector.Load(source + Vector<float>.Count),
            c = Vector.Load(source + 2 * Vector<float>.Count),
            d = Vector.Load(source + 3 * Vector<float>.Count),
        };

        public readonly void Store(float* target)
        {
            a.Store(target);
            b.Store(target + Vector<float>.Count);
            c.Store(target + 2 * Vector<float>.Count);
            d.Store(target + 3 * Vector<float>.Count);
        }

        public void Add(Columns other) => (a, b, c, d) = (a + other.a, b + other.b, c + other.c, d + other.d);

        public void AddSquare(Columns other)
            => (a, b, c, d) = (a + other.a * other.a, b + other.b * other.b, c + other.c * other.c, d + other.d * other.d);

        public readonly Columns Max(Vector<float> floor)
            => new() { a = Vector.Max(a, floor), b = Vector.Max(b, floor), c = Vector.Max(c, floor), d = Vector.Max(d, floor) };

        public readonly Columns Minus(Columns other) => new() { a = a - other.a, b = b - other.b, c = c - other.c, d = d - other.d };

        public readonly Columns Times(Columns other) => new() { a = a * other.a, b = b * other.b, c = c * other.c, d = d * other.d };

        public readonly Columns Times(Vector<float> factor) => new() { a = a * factor, b = b * factor, c = c * factor, d = d * factor };

        public readonly Columns InverseRoot(Vector<float> epsilon) => new()
        {
            a = Vector<float>.One / Vector.SquareRoot(a + epsilon),
            b = Vector<float>.One / Vector.SquareRoot(b + epsilon),
            c = Vector<float>.One / Vector.SquareRoot(c + epsilon),
            d = Vector<float>.One / Vector.SquareRoot(d + epsilon),
        };
    }
}
