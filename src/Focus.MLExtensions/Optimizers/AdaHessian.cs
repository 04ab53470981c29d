using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>AdaHessian: Adam with the curvature's diagonal in place of the gradient's square (arXiv:2006.00719).</summary>
/// <remarks>
/// With z of random signs, D = |z·(H·z)| for tensors with one dimension, and its mean over rows, blocks of rows or kernels otherwise:
/// <code>
/// m ← β1·m + (1−β1)·g        h ← β2·h + (1−β2)·D²
/// θ ← θ − η·( m/(1−β1^t) / ((h/(1−β2^t))^(k/2) + ε) + ω·θ )
/// </code>
/// The optimizer is an <see cref="ICurvatureOptimizer"/>, and needs an estimate before each step; the trainers make it from two more gradients. Without means (<see cref="SpatialAverage"/>) this is
/// the form of davda54/ada-hessian. State: m, h and the last z·(H·z). Two passes over memory.
/// </remarks>
public sealed record AdaHessianOptions : MomentOptions
{
    /// <summary>Options with the published defaults: η 0.15, β1 0.9, β2 0.999, ε 1e-4, k 1, ω 0.</summary>
    public AdaHessianOptions() => (LearningRate, Epsilon) = (0.15, 1e-4);

    /// <summary>The power k of the curvature, in (0, 1].</summary>
    public double HessianPower { get; init; } = 1;

    /// <summary>Whether the curvature is averaged over rows or blocks.</summary>
    public bool SpatialAverage { get; init; } = true;

    /// <summary>The elements of a block in matrices, ≥ 1 and a divisor of the row; null for the row.</summary>
    public int? MatrixBlock { get; init; }

    /// <inheritdoc/>
    public override string Name => "AdaHessian";

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check.Positive(HessianPower);
        Check.Between(0, 1, HessianPower);
        Check.AtLeast(1, MatrixBlock ?? 1, nameof(MatrixBlock));
    }

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => UpdateMethod.Measured<AdaHessianRule, AdaHessianOptions>();

    internal override (CurvatureKind Kind, long Interval) Curvature => (CurvatureKind.HessianDiagonal, 1);

    internal override void TakeCurvature<T>(T estimate, ref T first, ref T second, ref T third) => third = estimate;
}

/// <summary>One step of AdaHessian; the formula is in <see cref="AdaHessianOptions"/>.</summary>
internal readonly struct AdaHessianRule : IMeasuredRule<AdaHessianRule, AdaHessianOptions>
{
    private readonly Decay beta1, beta2;
    private readonly Coefficient descent, shrinkage, epsilon, inverseCorrection, power;
    private readonly bool isRoot;

    private AdaHessianRule(AdaHessianOptions options, UpdateStep step)
    {
        (beta1, beta2) = (new(options.Beta1), new(options.Beta2));
        descent = -step.LearningRate / step.Correction(options.Beta1);
        shrinkage = 1 - step.LearningRate * options.WeightDecay;
        epsilon = options.Epsilon;
        inverseCorrection = 1 / step.Correction(options.Beta2);
        (power, isRoot) = (options.HessianPower / 2, options.HessianPower == 1);
        NeedsSums = options.SpatialAverage && step.Layout.Shape.Count > 1;
    }

    public static int StateCount => 3;

    public static int SumCount => 1;

    public static MeasuredArrays Measured => MeasuredArrays.Third;

    public bool NeedsSums { get; }

    public static long BlockLength(AdaHessianOptions options, ParameterLayout layout) => (options.SpatialAverage, layout.Shape.Count) switch
    {
        (true, 2) when options.MatrixBlock is { } block && layout.RowLength % block != 0 => throw Check.OutOfRange(
            nameof(options.MatrixBlock), block, $"a divisor of {layout.RowLength}, the columns of a matrix"),
        (true, 2) => options.MatrixBlock ?? layout.RowLength,
        (true, > 2) => layout.Shape.Skip(2).Aggregate(1L, (product, length) => product * length),
        _ => layout.ElementCount,
    };

    public static AdaHessianRule At(AdaHessianOptions options, UpdateStep step) => new(options, step);

    [MethodImpl(FloatElements.Inline)]
    public void Measure<T>(T parameter, T gradient, T first, T second, T estimate, ref BlockSums<T> sums) where T : struct, IElements<T>
        => sums.A += T.Abs(estimate);

    public void Decide(BlockDecision blocks)
    {
        for (var block = 0; block < blocks.Count; block++) blocks.Set(block, blocks.Sums(block).A / blocks.BlockLength);
    }

    [MethodImpl(FloatElements.Inline)]
    public void Update<T>(ref T parameter, T gradient, ref T first, ref T second, ref T estimate, T mean, T unused)
        where T : struct, IElements<T>
    {
        var curvature = NeedsSums ? mean : estimate;
        first = beta1.Average(first, gradient);
        second = beta2.Average(second, curvature * curvature);
        var corrected = second * inverseCorrection;
        var direction = first / ((isRoot ? T.Sqrt(corrected) : T.Pow(corrected, power)) + epsilon);
        parameter = T.MultiplyAdd(direction, descent, parameter * shrinkage);
    }
}
