using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Focus;

/// <summary>Products of matrices that fit the caches, on one core: C = A·B or C += A·B.</summary>
/// <remarks>
/// Tiles of 4 rows × 64 columns are held in registers: each element of A is broadcast and meets four vectors of B. A may be given with any
/// strides, so also transposed; rows of B and C are contiguous, and their width is a multiple of <see cref="Step"/>.
/// </remarks>
internal static unsafe class SmallProduct
{
    /// <summary>Columns of B and C come in multiples of this.</summary>
    public const int Step = 16;

    private const int TileRows = 4, TileColumns = 4 * Step;

    public static void Multiply(Strided a, float* b, nint bRow, float* c, nint cRow, int rows, int columns, int depth, bool accumulate)
    {
        var column = 0;
        for (; column <= columns - TileColumns; column += TileColumns)
        {
            var row = 0;
            for (; row <= rows - TileRows; row += TileRows) Wide4(a.Down(row), b + column, bRow, c + row * cRow + column, cRow, depth, accumulate);
            for (; row < rows; row++) Wide1(a.Down(row), b + column, bRow, c + row * cRow + column, depth, accumulate);
        }
        for (; column < columns; column += Step)
        {
            var row = 0;
            for (; row <= rows - TileRows; row += TileRows) Narrow4(a.Down(row), b + column, bRow, c + row * cRow + column, cRow, depth, accumulate);
            for (; row < rows; row++) Narrow1(a.Down(row), b + column, bRow, c + row * cRow + column, depth, accumulate);
        }
    }

    private static void Wide4(Strided a, float* b, nint bRow, float* c, nint cRow, int depth, bool accumulate)
    {
        Vector512<float> c00, c01, c02, c03, c10, c11, c12, c13, c20, c21, c22, c23, c30, c31, c32, c33;
        if (accumulate)
        {
            (c00, c01, c02, c03) = Load4(c);
            (c10, c11, c12, c13) = Load4(c + cRow);
            (c20, c21, c22, c23) = Load4(c + 2 * cRow);
            (c30, c31, c32, c33) = Load4(c + 3 * cRow);
        }
        else
        {
            c00 = c01 = c02 = c03 = c10 = c11 = c12 = c13 = c20 = c21 = c22 = c23 = c30 = c31 = c32 = c33 = Vector512<float>.Zero;
        }
        float* a0 = a.Start, a1 = a0 + a.Row, a2 = a1 + a.Row, a3 = a2 + a.Row;
        for (var p = 0; p < depth; p++)
        {
            Vector512<float> b0 = Vector512.Load(b), b1 = Vector512.Load(b + 16), b2 = Vector512.Load(b + 32), b3 = Vector512.Load(b + 48);
            var x = Vector512.Create(*a0);
            c00 = Vector512.FusedMultiplyAdd(x, b0, c00);
            c01 = Vector512.FusedMultiplyAdd(x, b1, c01);
            c02 = Vector512.FusedMultiplyAdd(x, b2, c02);
            c03 = Vector512.FusedMultiplyAdd(x, b3, c03);
            x = Vector512.Create(*a1);
            c10 = Vector512.FusedMultiplyAdd(x, b0, c10);
            c11 = Vector512.FusedMultiplyAdd(x, b1, c11);
            c12 = Vector512.FusedMultiplyAdd(x, b2, c12);
            c13 = Vector512.FusedMultiplyAdd(x, b3, c13);
            x = Vector512.Create(*a2);
            c20 = Vector512.FusedMultiplyAdd(x, b0, c20);
            c21 = Vector512.FusedMultiplyAdd(x, b1, c21);
            c22 = Vector512.FusedMultiplyAdd(x, b2, c22);
            c23 = Vector512.FusedMultiplyAdd(x, b3, c23);
            x = Vector512.Create(*a3);
            c30 = Vector512.FusedMultiplyAdd(x, b0, c30);
            c31 = Vector512.FusedMultiplyAdd(x, b1, c31);
            c32 = Vector512.FusedMultiplyAdd(x, b2, c32);
            c33 = Vector512.FusedMultiplyAdd(x, b3, c33);
            a0 += a.Column;
            a1 += a.Column;
            a2 += a.Column;
            a3 += a.Column;
            b += bRow;
        }
        Store4(c, c00, c01, c02, c03);
        Store4(c + cRow, c10, c11, c12, c13);
        Store4(c + 2 * cRow, c20, c21, c22, c23);
        Store4(c + 3 * cRow, c30, c31, c32, c33);
    }

    private static void Wide1(Strided a, float* b, nint bRow, float* c, int depth, bool accumulate)
    {
        Vector512<float> c0 = default, c1 = default, c2 = default, c3 = default;
        if (accumulate) (c0, c1, c2, c3) = Load4(c);
        var a0 = a.Start;
        for (var p = 0; p < depth; p++)
        {
            var x = Vector512.Create(*a0);
            c0 = Vector512.FusedMultiplyAdd(x, Vector512.Load(b), c0);
            c1 = Vector512.FusedMultiplyAdd(x, Vector512.Load(b + 16), c1);
            c2 = Vector512.FusedMultiplyAdd(x, Vector512.Load(b + 32), c2);
            c3 = Vector512.FusedMultiplyAdd(x, Vector512.Load(b + 48), c3);
            a0 += a.Column;
            b += bRow;
        }
        Store4(c, c0, c1, c2, c3);
    }

    private static void Narrow4(Strided a, float* b, nint bRow, float* c, nint cRow, int depth, bool accumulate)
    {
        Vector512<float> c0 = default, c1 = default, c2 = default, c3 = default;
        if (accumulate) (c0, c1, c2, c3) = (Vector512.Load(c), Vector512.Load(c + cRow), Vector512.Load(c + 2 * cRow), Vector512.Load(c + 3 * cRow));
        float* a0 = a.Start, a1 = a0 + a.Row, a2 = a1 + a.Row, a3 = a2 + a.Row;
        for (var p = 0; p < depth; p++)
        {
            var b0 = Vector512.Load(b);
            c0 = Vector512.FusedMultiplyAdd(Vector512.Create(*a0), b0, c0);
            c1 = Vector512.FusedMultiplyAdd(Vector512.Create(*a1), b0, c1);
            c2 = Vector512.FusedMultiplyAdd(Vector512.Create(*a2), b0, c2);
            c3 = Vector512.FusedMultiplyAdd(Vector512.Create(*a3), b0, c3);
            a0 += a.Column;
            a1 += a.Column;
            a2 += a.Column;
            a3 += a.Column;
            b += bRow;
        }
        c0.Store(c);
        c1.Store(c + cRow);
        c2.Store(c + 2 * cRow);
        c3.Store(c + 3 * cRow);
    }

    private static void Narrow1(Strided a, float* b, nint bRow, float* c, int depth, bool accumulate)
    {
        var sum = accumulate ? Vector512.Load(c) : default;
        var a0 = a.Start;
        for (var p = 0; p < depth; p++)
        {
            sum = Vector512.FusedMultiplyAdd(Vector512.Create(*a0), Vector512.Load(b), sum);
            a0 += a.Column;
            b += bRow;
        }
        sum.Store(c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<float>, Vector512<float>, Vector512<float>, Vector512<float>) Load4(float* c)
        => (Vector512.Load(c), Vector512.Load(c + 16), Vector512.Load(c + 32), Vector512.Load(c + 48));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store4(float* c, Vector512<float> first, Vector512<float> second, Vector512<float> third, Vector512<float> fourth)
    {
        first.Store(c);
        second.Store(c + 16);
        third.Store(c + 32);
        fourth.Store(c + 48);
    }
}

/// <summary>A matrix in memory: where it starts and how far it is to the next row and the next column.</summary>
internal readonly unsafe struct Strided(float* start, nint row, nint column)
{
    public float* Start => start;

    public nint Row => row;

    public nint Column => column;

    /// <summary>The rows from one on.</summary>
    public Strided Down(int rows) => new(start + rows * row, row, column);
}
