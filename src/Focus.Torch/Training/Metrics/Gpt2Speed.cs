namespace Focus;

/// <summary>How fast a run is: in tokens per second and, where a peak is given, as a share of what the device can do.</summary>
internal sealed class Gpt2Speed(Gpt2 model, Gpt2TrainingOptions options)
{
    private readonly double tokensPerStep = (double)options.BatchSize * options.AccumulationSteps * model.Config.BlockSize;
    private readonly double flopsPerToken = FlopsPerToken(model);

    /// <summary>Operations forward and backward, of which the formula is in <see cref="Gpt2Progress.ModelFlopsUtilization"/>.</summary>
    public static double FlopsPerToken(Gpt2 model)
    {
        var config = model.Config;
        // Looking up an embedding takes no operations, unless it is the output head as well.
        var lookedUp = (double)config.Width * (config.BlockSize + (config.TiedHead ? 0 : config.VocabularySize));
        var parameters = model.parameters().Sum(parameter => parameter.numel()) - lookedUp;
        return 6 * parameters + 12.0 * config.Layers * config.Width * config.BlockSize; // The heads' sizes add up to the width.
    }

    public double TokensPerSecond(TimeSpan step) => tokensPerStep / step.TotalSeconds;

    public double? Utilization(TimeSpan step) => flopsPerToken * TokensPerSecond(step) / options.PeakFlops;
}
