using static TorchSharp.torch;

namespace Focus;

/// <summary>The Newton–Schulz iteration, which brings the singular values of matrices close to 1 and leaves their singular vectors: the nearest
/// orthogonal matrix, by products alone.</summary>
/// <remarks>
/// <code>
/// X = G/(‖G‖+ε)        k times:  Y = X·Xᵀ,  X ← a·X + (b·Y + c·Y·Y)·X
/// </code>
/// Five iterations give singular values between 0.68 and 1.14 where they were at least a hundredth of ‖G‖. Smaller ones grow by a in each
/// iteration, rounding noise included. A matrix of zeros stays one.
/// </remarks>
internal static class NewtonSchulz
{
    /// <summary>The coefficients a, b and c of Muon, which grow small singular values fastest.</summary>
    public static readonly (double A, double B, double C) Muon = (3.4445, -4.7750, 2.0315);

    /// <summary>Orthogonalizes each of a batch of matrices, of shape count × rows × columns. The result is of the same type.</summary>
    /// <param name="matrices">The matrices; they are not changed.</param>
    /// <param name="iterations">The iterations k, at least 1.</param>
    /// <param name="coefficients">The coefficients a, b and c; null for Muon's.</param>
    /// <param name="epsilon">The term ε beside the norm.</param>
    /// <param name="bfloat16">Whether to compute in bfloat16, as Muon's code does.</param>
    public static Tensor Orthogonalize(
        Tensor matrices, int iterations, (double A, double B, double C)? coefficients = null, double epsilon = 1e-7, bool bfloat16 = false)
    {
        using var scope = NewDisposeScope();
        var x = bfloat16 ? matrices.to(ScalarType.BFloat16) : matrices;
        x = x.div(x.FrobeniusNorms().add_(LiveScalar.Of(epsilon)));
        for (var i = 0; i < iterations; i++)
        {
            var next = Iterate(x, coefficients ?? Muon);
            x.Dispose();
            x = next;
        }
        return x.to(matrices.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>One iteration. Where there are more rows than columns, the smaller product is Xᵀ·X, and the polynomial stands on the other
    /// side.</summary>
    private static Tensor Iterate(Tensor x, (double A, double B, double C) coefficients)
    {
        using var scope = NewDisposeScope();
        var isTall = x.shape[1] > x.shape[2];
        var transposed = x.transpose(1, 2);
        var y = isTall ? transposed.matmul(x) : x.matmul(transposed);
        var polynomial = y.matmul(y).mul_(LiveScalar.Of(coefficients.C)).add_(y, LiveScalar.Of(coefficients.B));
        var next = isTall ? x.matmul(polynomial) : polynomial.matmul(x);
        return next.add_(x, LiveScalar.Of(coefficients.A)).MoveToOuterDisposeScope();
    }
}
