namespace Focus;

/// <summary>One cell of a phase diagram: the values that set a landscape and its noise.</summary>
/// <param name="Sharpness">a, the curvature across the valley; finite, at least 0.</param>
/// <param name="Noise">σ: each component of each gradient is multiplied by its own draw of N(1, σ²); 0 to 1e6. Used in float32.</param>
/// <param name="WeightDecay">ω, the decay of the parameters per unit of learning rate; finite, at least 0.</param>
/// <param name="Slope">c, the fall of the loss along the valley; finite, at least 0.</param>
public readonly record struct LandscapeCell(double Sharpness, double Noise, double WeightDecay = 0.1, double Slope = 0.1)
{
    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public void Validate()
    {
        Guard.NonNegative(Sharpness);
        Guard.AtMost(1e6, Noise);
        Guard.NonNegative(WeightDecay);
        Guard.NonNegative(Slope);
    }
}
