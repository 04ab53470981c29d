namespace Focus;

/// <summary>A stream of random convex losses.</summary>
internal interface IConvexLosses
{
    /// <summary>Draws the next loss; returns its value at a point and its gradient there.</summary>
    double Next(ReadOnlySpan<double> point, Span<double> gradient);

    /// <summary>The lowest sum of all losses so far that a fixed feasible point can have.</summary>
    double BestFixed();
}

/// <inheritdoc cref="LossStream.Linear"/>
internal sealed class LinearLosses(RegretSettings settings, Random random) : IConvexLosses
{
    private readonly double[] sums = new double[settings.Dimensions];

    public double Next(ReadOnlySpan<double> point, Span<double> gradient)
    {
        var loss = 0.0;
        for (var i = 0; i < point.Length; i++)
        {
            var drift = i % 2 == 0 ? 0.25 : -0.25;
            gradient[i] = settings.GradientBound * (random.NextDouble() - 0.5 + drift);
            sums[i] += gradient[i];
            loss += gradient[i] * point[i];
        }
        return loss;
    }

    public double BestFixed() => -settings.HalfWidth * sums.Sum(Math.Abs);
}

/// <inheritdoc cref="LossStream.Quadratic"/>
internal sealed class QuadraticLosses(RegretSettings settings, Random random) : IConvexLosses
{
    private readonly double curvature = settings.GradientBound / (2 * settings.HalfWidth);
    private readonly double[] sums = new double[settings.Dimensions];
    private double squares;
    private int count;

    public double Next(ReadOnlySpan<double> point, Span<double> gradient)
    {
        count++;
        var loss = 0.0;
        for (var i = 0; i < point.Length; i++)
        {
            var target = settings.HalfWidth * (2 * random.NextDouble() - 1);
            sums[i] += target;
            squares += target * target;
            gradient[i] = curvature * (point[i] - target);
            loss += 0.5 * gradient[i] * (point[i] - target);
        }
        return loss;
    }

    public double BestFixed() => 0.5 * curvature * (squares - sums.Sum(sum => sum * sum) / count);
}
