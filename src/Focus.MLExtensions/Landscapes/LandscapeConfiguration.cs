using System.Text.Json.Serialization;

namespace Focus;

/// <summary>What a scan's results depend on; part of the model file.</summary>
internal sealed record LandscapeConfiguration(
    string Landscape, string[] Optimizers, double[] LearningRates, int Replicates, int Steps, int Dimensions, double Angle, double StartSpread, long Seed,
    [property: JsonConverter(typeof(JsonStringEnumConverter<NoiseMode>))] NoiseMode NoiseMode,
    [property: JsonConverter(typeof(JsonStringEnumConverter<RunRecording>))] RunRecording Recording,
    double Sharpness, double Noise, double WeightDecay, double Slope, bool RawLosses)
{
    private static readonly Landscape[] Landscapes = [Focus.Landscape.NarrowingValley, Focus.Landscape.QuadraticValley];

    public static LandscapeConfiguration Of(LandscapeScan.Options options) => new(
        options.Landscape.Name, [.. options.Optimizers.Select(optimizer => optimizer.ToString())], [.. options.LearningRates], options.Replicates,
        options.Steps, options.Dimensions, options.Angle, options.StartSpread, options.Seed, options.NoiseMode, options.Recording,
        options.Sharpness, options.Noise, options.WeightDecay, options.Slope, options.RawLosses);

    /// <summary>The options, checked.</summary>
    /// <exception cref="InvalidDataException">A value is not one that a scan can have.</exception>
    public LandscapeScan.Options ToOptions()
    {
        try
        {
            var options = new LandscapeScan.Options
            {
                Landscape = Landscapes.FirstOrDefault(known => known.Name == Landscape)
                    ?? throw new FormatException($"the landscape '{Landscape}' is unknown"),
                Optimizers = [.. Optimizers.Select(LandscapeOptimizer.Parse)],
                LearningRates = LearningRates,
                Replicates = Replicates,
                Steps = Steps,
                Dimensions = Dimensions,
                Angle = Angle,
                StartSpread = StartSpread,
                Seed = Seed,
                NoiseMode = NoiseMode,
                Recording = Recording,
                Sharpness = Sharpness,
                Noise = Noise,
                WeightDecay = WeightDecay,
                Slope = Slope,
                RawLosses = RawLosses,
            };
            options.Validate();
            return options;
        }
        catch (Exception fault) when (fault is FormatException or ArgumentException)
        {
            throw new InvalidDataException($"The model's configuration is invalid: {fault.Message}", fault);
        }
    }
}
