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
        var root = Math.Sqrt(Guard.AtLeast(1, steps));
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
