using System.Globalization;
using Focus;
using Samples;

namespace Mnist;

/// <summary>The optimizers by name: those of the paper's MNIST runs with their settings, others with the library's defaults.</summary>
internal static class NamedOptimizers
{
    public const string AdamW = "adamw";

    private const double WeightDecay = 1e-2, PaperRate = 1e-3;

    /// <summary>An optimizer by name: any of the library's, or focus-γ such as focus-0.4; focus alone has γ 0.2.</summary>
    /// <exception cref="ArgumentException">The name is none of these.</exception>
    /// <param name="name">The name.</param>
    /// <param name="learningRate">The learning rate; null for 1e-3 with the paper's optimizers, and their own with others.</param>
    public static OptimizerSettings Create(string name, double? learningRate = null) => GammaOf(name) is { } gamma ? FocusWith(gamma, learningRate)
        : Named(name) switch
        {
            AdamWOptions => new AdamWOptions { LearningRate = learningRate ?? PaperRate, WeightDecay = WeightDecay },
            // The paper's Signum runs decay towards the average of the parameters: FOCUS without its attraction.
            SignumOptions => FocusWith(0, learningRate),
            FocusOptions => FocusWith(0.2, learningRate),
            var other => other with { LearningRate = learningRate ?? other.LearningRate },
        };

    /// <summary>The one name of an optimizer in results, however it is written on the command line.</summary>
    /// <exception cref="ArgumentException">There is no such optimizer.</exception>
    public static string Plain(string name) =>
        GammaOf(name) is { } gamma ? string.Create(CultureInfo.InvariantCulture, $"focus-{gamma}") : OptimizerNames.Of(Named(name));

    /// <summary>The name for tables and figures.</summary>
    public static string Label(string name) =>
        GammaOf(name) is { } gamma ? string.Create(CultureInfo.InvariantCulture, $"FOCUS, γ = {gamma}") : Named(name).Name;

    /// <summary>The optimizer without its settings: focus-γ is focus.</summary>
    public static string Family(string name) => GammaOf(name) is null ? name : "focus";

    private static OptimizerSettings Named(string name) => OptimizerNames.Find(name)
        ?? throw new ArgumentException($"There is no optimizer '{name}'; there are {OptimizerNames.All}, and focus-γ, such as focus-0.4.");

    private static FocusOptions FocusWith(double gamma, double? learningRate) =>
        new() { LearningRate = learningRate ?? PaperRate, Beta2 = 0.99, Gamma = gamma, WeightDecay = WeightDecay };

    private static double? GammaOf(string name) =>
        name.ToLowerInvariant().Split('-') is ["focus", var number]
        && double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var gamma) ? gamma : null;
}
