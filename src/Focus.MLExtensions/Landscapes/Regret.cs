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
        var (bound, half, linear) = (settings.GradientBound, settings.HalfWidth, settings.Losses == LossStream.Linear);
        var curvature = bound / (2 * half);
        var random = new Random(unchecked((int)new StreamKey(settings.Seed).State().Low));
        var optimizer = new ProjectedFocus(settings);
        var sums = new double[settings.Dimensions]; // Of the gradients of linear losses, of the targets of quadratic ones.
        var (total, squares) = (0.0, 0.0);
        var regret = new double[settings.Steps];
        for (var step = 1; step <= regret.Length; step++)
        {
            optimizer.Begin(step);
            var loss = 0.0;
            for (var i = 0; i < sums.Length; i++)
            {
                var (point, draw) = (optimizer.Point[i], random.NextDouble());
                var target = half * (2 * draw - 1);
                var gradient = linear ? bound * (draw - 0.5 + (i % 2 == 0 ? 0.25 : -0.25)) : curvature * (point - target);
                loss += linear ? gradient * point : 0.5 * gradient * (point - target);
                sums[i] += linear ? gradient : target;
                squares += target * target;
                optimizer.Move(i, gradient);
            }
            total += loss;
            regret[step - 1] = total - (linear ? -half * sums.Sum(Math.Abs) : 0.5 * curvature * (squares - sums.Sum(sum => sum * sum) / step));
        }
        return regret;
    }

    /// <summary>FOCUS as in the theory: decaying rates, and projection onto the feasible box.</summary>
    private sealed class ProjectedFocus(RegretSettings settings)
    {
        private readonly double[] momentum = new double[settings.Dimensions];
        private readonly double[] average = new double[settings.Dimensions];
        private double rate, beta, gamma, correction;

        public double[] Point { get; } = new double[settings.Dimensions];

        public void Begin(int step)
        {
            rate = settings.LearningRate / Math.Sqrt(step);
            beta = settings.Beta1 * Math.Pow(settings.Beta1Decay, step);
            gamma = settings.Gamma * Math.Pow(settings.GammaDecay, step);
            correction = 1 / (1 - Math.Pow(settings.Beta2, step));
        }

        public void Move(int i, double gradient)
        {
            momentum[i] = beta * momentum[i] + (1 - beta) * gradient;
            average[i] = settings.Beta2 * average[i] + (1 - settings.Beta2) * Point[i];
            var direction = Math.Sign(momentum[i]) + gamma * Math.Sign(Point[i] - average[i] * correction);
            Point[i] = Math.Clamp(Point[i] - rate * direction, -settings.HalfWidth, settings.HalfWidth);
        }
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
