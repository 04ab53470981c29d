namespace Focus;

/// <summary>The regret of FOCUS on a stream of convex losses: the bound, and a measurement.</summary>
public static class Regret
{
    /// <summary>The bound of the regret over the first <paramref name="steps"/> losses.</summary>
    /// <remarks>
    /// R(T) ≤ G(D² + d·D∞²·√T)/(2η(1−β1)) + G·η·d·√T·(1+|γ|)²/(1−β1) + (β1·λβ·d/(1−λβ) + |γ|·λγ·d/(1−λγ))·G·D∞/(1−β1) (arXiv:2501.12243).
    /// </remarks>
    /// <param name="settings">The settings; the box sets D and D∞.</param>
    /// <param name="steps">T, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public static double Bound(RegretSettings settings, int steps)
    {
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validate();
        var d = (double)settings.Dimensions;
        var root = Math.Sqrt(Check.AtLeast(1, steps));
        var (rate, beta, gamma, bound) = (settings.LearningRate, settings.Beta1, settings.Gamma, settings.GradientBound);
        var (betaDecay, gammaDecay) = (settings.Beta1Decay, settings.GammaDecay);
        var diameter = 2 * settings.HalfWidth;
        var distance = bound * (diameter * diameter * d + d * diameter * diameter * root) / (2 * rate);
        var movement = bound * rate * d * root * (1 + gamma) * (1 + gamma);
        var memory = (beta * betaDecay * d / (1 - betaDecay) + gamma * gammaDecay * d / (1 - gammaDecay)) * bound * diameter;
        return (distance + movement + memory) / (1 - beta);
    }

    /// <summary>The regret of FOCUS after each loss: the sum of its losses less that of the best fixed point so far.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A setting is outside its range.</exception>
    public static double[] Measure(RegretSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validate();
        var random = new Random(unchecked((int)new StreamKey(settings.Seed).State().Low));
        IConvexLosses losses = settings.Losses == LossStream.Linear ? new LinearLosses(settings, random) : new QuadraticLosses(settings, random);
        var point = new double[settings.Dimensions];
        var gradient = new double[settings.Dimensions];
        var optimizer = new ProjectedFocus(settings);
        var regret = new double[settings.Steps];
        var sum = 0.0;
        for (var i = 0; i < regret.Length; i++)
        {
            sum += losses.Next(point, gradient);
            regret[i] = sum - losses.BestFixed();
            optimizer.Step(point, gradient);
        }
        return regret;
    }
}

/// <summary>The convex losses of a regret measurement.</summary>
public enum LossStream
{
    /// <summary>f_t(θ) = g_t·θ, with each component of g_t uniform in [−G/2, G/2] plus a drift of G/4 or −G/4, fixed for each
    /// coordinate.</summary>
    Linear,

    /// <summary>f_t(θ) = ½·k·‖θ − z_t‖², with z_t uniform in the feasible box and k such that gradients stay within G.</summary>
    Quadratic,
}

/// <summary>FOCUS on a stream of convex losses over the box [−HalfWidth, HalfWidth]^d, as in the theory section of arXiv:2501.12243:
/// η_t = η/√t, β1_t = β1·λβ^t, γ_t = γ·λγ^t.</summary>
public sealed record RegretSettings
{
    /// <summary>Dimensions d, at least 1.</summary>
    public int Dimensions { get; init; } = 10;

    /// <summary>Losses T, at least 1.</summary>
    public int Steps { get; init; } = 10_000;

    /// <summary>η, above 0.</summary>
    public double LearningRate { get; init; } = 0.5;

    /// <summary>β1, at least 0 and below 1.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>β2, decay of the parameters' average, at least 0 and below 1.</summary>
    public double Beta2 { get; init; } = 0.9;

    /// <summary>γ, at least 0.</summary>
    public double Gamma { get; init; } = 0.2;

    /// <summary>λβ, at least 0 and below 1.</summary>
    public double Beta1Decay { get; init; } = 0.99;

    /// <summary>λγ, at least 0 and below 1.</summary>
    public double GammaDecay { get; init; } = 0.99;

    /// <summary>G, the bound of every gradient component, above 0.</summary>
    public double GradientBound { get; init; } = 1;

    /// <summary>Half the length of the box's edges, above 0; so D∞ = 2·HalfWidth and D = D∞·√d.</summary>
    public double HalfWidth { get; init; } = 1;

    /// <summary>The kind of losses.</summary>
    public LossStream Losses { get; init; } = LossStream.Linear;

    /// <summary>The seed of the losses.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Checks all settings.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A setting is outside its range.</exception>
    public void Validate()
    {
        Check.AtLeast(1, Dimensions);
        Check.AtLeast(1, Steps);
        Check.Positive(LearningRate);
        Check.Fraction(Beta1);
        Check.Fraction(Beta2);
        Check.NonNegative(Gamma);
        Check.Fraction(Beta1Decay);
        Check.Fraction(GammaDecay);
        Check.Positive(GradientBound);
        Check.Positive(HalfWidth);
    }
}

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

/// <summary>FOCUS as the theory has it: decaying rates, and projection onto the feasible box.</summary>
internal sealed class ProjectedFocus(RegretSettings settings)
{
    private readonly double[] momentum = new double[settings.Dimensions];
    private readonly double[] average = new double[settings.Dimensions];
    private int step;

    public void Step(double[] point, double[] gradient)
    {
        step++;
        var rate = settings.LearningRate / Math.Sqrt(step);
        var beta = settings.Beta1 * Math.Pow(settings.Beta1Decay, step);
        var gamma = settings.Gamma * Math.Pow(settings.GammaDecay, step);
        var correction = 1 / (1 - Math.Pow(settings.Beta2, step));
        for (var i = 0; i < point.Length; i++)
        {
            momentum[i] = beta * momentum[i] + (1 - beta) * gradient[i];
            average[i] = settings.Beta2 * average[i] + (1 - settings.Beta2) * point[i];
            var direction = Math.Sign(momentum[i]) + gamma * Math.Sign(point[i] - average[i] * correction);
            point[i] = Math.Clamp(point[i] - rate * direction, -settings.HalfWidth, settings.HalfWidth);
        }
    }
}
