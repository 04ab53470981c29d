namespace Focus;

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
        Guard.AtLeast(1, Dimensions);
        Guard.AtLeast(1, Steps);
        Guard.Positive(LearningRate);
        Guard.Fraction(Beta1);
        Guard.Fraction(Beta2);
        Guard.NonNegative(Gamma);
        Guard.Fraction(Beta1Decay);
        Guard.Fraction(GammaDecay);
        Guard.Positive(GradientBound);
        Guard.Positive(HalfWidth);
    }
}
