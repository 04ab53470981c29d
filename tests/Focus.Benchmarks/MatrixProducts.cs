using static TorchSharp.torch;

namespace Focus.Benchmarks;

/// <summary>The matrix products of an optimizer's step, and nothing else, for one matrix.</summary>
internal static class MatrixProducts
{
    /// <summary>Five iterations of Newton–Schulz: X·Xᵀ, Y·Y and Y·X.</summary>
    public static void NewtonSchulz(Tensor matrix)
    {
        using var scope = NewDisposeScope();
        var wide = matrix.shape[0] > matrix.shape[1] ? matrix.t() : matrix;
        for (var i = 0; i < 5; i++)
        {
            using var iteration = NewDisposeScope();
            var gram = wide.mm(wide.t());
            gram.mm(gram).mm(wide);
        }
    }

    /// <summary>Conda's: of the gradient and the momentum into the basis, and of the step out of it.</summary>
    public static void ThreeOnShortSide(Tensor matrix)
    {
        using var scope = NewDisposeScope();
        var wide = matrix.shape[0] > matrix.shape[1] ? matrix.t() : matrix;
        var basis = Square(wide.shape[0]);
        for (var i = 0; i < 3; i++) basis.mm(wide);
    }

    /// <summary>COSMOS': Newton–Schulz and those with a space of rank 64.</summary>
    public static void Cosmos(Tensor matrix)
    {
        using var scope = NewDisposeScope();
        NewtonSchulz(matrix);
        var space = zeros(matrix.shape[1], 64);
        var projected = matrix.mm(space);
        matrix.t().mm(projected);
        matrix.mm(space);
        matrix.mm(space);
        projected.mm(space.t());
        projected.mm(space.t());
    }

    /// <summary>SOAP's: the gradient into both bases, the step out of them, and two of the gradient with itself.</summary>
    public static void Soap(Tensor matrix)
    {
        using var scope = NewDisposeScope();
        var (left, right) = (Square(matrix.shape[0]), Square(matrix.shape[1]));
        for (var i = 0; i < 2; i++) left.mm(matrix).mm(right);
        matrix.mm(matrix.t());
        matrix.t().mm(matrix);
    }

    /// <summary>Zeros: products take as long as with other numbers.</summary>
    private static Tensor Square(long length) => zeros(length, length);
}
