using System.Globalization;
using Focus;

namespace Mnist;

/// <summary>The optimizers of the paper's MNIST runs, by name, with their settings.</summary>
internal static class PaperOptimizers
{
    public const string AdamW = "adamw", Signum = "signum";

    private const double WeightDecay = 1e-2;

    /// <summary>An optimizer by name: adamw, signum, focus (γ 0.2) or focus-γ such as focus-0.4.</summary>
    /// <exception cref="ArgumentException">The name is none of these.</exception>
    public static OptimizerSettings Create(string name, double learningRate) => name switch
    {
        AdamW => new AdamWOptions { LearningRate = learningRate, WeightDecay = WeightDecay },
        // The paper's Signum runs decay towards the average of the parameters: FOCUS without its attraction.
        Signum => FocusWith(0, learningRate),
        "focus" => FocusWith(0.2, learningRate),
        _ when GammaOf(name) is { } gamma => FocusWith(gamma, learningRate),
        _ => throw new ArgumentException($"The optimizer is '{name}'; expected adamw, signum, focus or focus-γ, such as focus-0.4."),
    };

    /// <summary>The name for tables and figures.</summary>
    public static string Label(string name) => name switch
    {
        AdamW => "AdamW",
        Signum => "Signum",
        "focus" => "FOCUS",
        _ => string.Create(CultureInfo.InvariantCulture, $"FOCUS, γ = {GammaOf(name)}"),
    };

    private static FocusOptions FocusWith(double gamma, double learningRate) =>
        new() { LearningRate = learningRate, Beta2 = 0.99, Gamma = gamma, WeightDecay = WeightDecay };

    private static double? GammaOf(string name) =>
        name.Split('-') is ["focus", var number]
        && double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var gamma) ? gamma : null;
}
