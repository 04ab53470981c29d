namespace Focus;

/// <summary>Dynamic loss scaling: the factor that lifts float16 gradients out of the range where they would round to zero.</summary>
/// <remarks>
/// The scale starts at 65536, halves whenever gradients overflow, and doubles after 2000 steps without, as torch.cuda.amp.GradScaler does
/// (Micikevicius et al. 2018, Mixed Precision Training). Other types need none: their scaler stands at 1.
/// </remarks>
internal sealed class LossScaler(bool dynamic)
{
    private const double InitialScale = 65536, Growth = 2, Backoff = 0.5;
    private const int GrowthInterval = 2000;

    /// <summary>The smallest scale: where gradients overflow below it, they are infinite or NaN in any type.</summary>
    private const double SmallestScale = 1.0 / 65536;

    private int stepsSinceChange;

    /// <summary>Whether there is anything to scale.</summary>
    public bool IsDynamic => dynamic;

    /// <summary>The factor of the loss.</summary>
    public double Scale { get; private set; } = dynamic ? InitialScale : 1;

    /// <summary>The scale and how many steps it has stood, to be restored later.</summary>
    public LossScalerState State
    {
        get => new(Scale, stepsSinceChange);
        set => (Scale, stepsSinceChange) = (value.Scale, value.StepsSinceChange);
    }

    /// <summary>Takes note of a step whose gradients were finite.</summary>
    public void Accept()
    {
        if (!dynamic || ++stepsSinceChange < GrowthInterval) return;
        (Scale, stepsSinceChange) = (Scale * Growth, 0);
    }

    /// <summary>Takes note of a step whose gradients overflowed.</summary>
    /// <returns>Whether a smaller scale can help.</returns>
    public bool TryBackOff()
    {
        if (!dynamic || Scale <= SmallestScale) return false;
        (Scale, stepsSinceChange) = (Scale * Backoff, 0);
        return true;
    }
}

/// <summary>What a <see cref="LossScaler"/> remembers.</summary>
internal readonly record struct LossScalerState(double Scale, int StepsSinceChange);
