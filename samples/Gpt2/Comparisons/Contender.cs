using System.Globalization;

namespace Gpt2Sample;

/// <summary>One of the runs that are compared, but for the seed.</summary>
/// <param name="Name">Its name in files.</param>
/// <param name="Label">Its name in tables and figures.</param>
/// <param name="Settings">How it goes.</param>
internal sealed record Contender(string Name, string Label, RunSettings Settings)
{
    /// <summary>An optimizer at a learning rate.</summary>
    public static Contender Of(RunSettings settings)
    {
        var optimizer = settings.ChosenOptimizer();
        var rate = optimizer.LearningRate.ToString(CultureInfo.InvariantCulture);
        return new($"{optimizer.Name.ToLowerInvariant()}-{rate}", $"{optimizer.Name}, rate {rate}", settings);
    }

    /// <summary>A run of a figure of the paper.</summary>
    public static Contender Of(Preset preset, RunSettings settings) => new(preset.Name, preset.Name["paper-".Length..], settings);
}
