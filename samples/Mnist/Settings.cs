using Focus;

namespace Mnist;

/// <summary>What the command line asks for.</summary>
internal sealed record Settings(
    string Data, bool Download, string Optimizer, int BatchSize, double LearningRate, long Steps, int Seed, string Model)
{
    /// <summary>The optimizer with the paper's MNIST settings.</summary>
    public OptimizerOptions CreateOptimizer() => Optimizer switch
    {
        "focus" => new FocusOptions { LearningRate = LearningRate, Beta2 = 0.99, Gamma = 0.2, WeightDecay = 1e-2 },
        // The paper's Signum runs decay towards the average of the parameters: FOCUS without its attraction.
        "signum" => new FocusOptions { LearningRate = LearningRate, Beta2 = 0.99, Gamma = 0, WeightDecay = 1e-2 },
        "adamw" => new AdamWOptions { LearningRate = LearningRate, WeightDecay = 1e-2 },
        _ => throw new ArgumentException($"The optimizer is '{Optimizer}'; expected focus, signum or adamw."),
    };
}
