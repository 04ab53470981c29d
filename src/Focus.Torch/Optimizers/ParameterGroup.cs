using TorchSharp.Modules;

namespace Focus;

/// <summary>Parameters that share a learning rate and a weight decay.</summary>
/// <param name="parameters">The parameters; each may stand in one group only.</param>
public sealed class ParameterGroup(IEnumerable<Parameter> parameters)
{
    /// <summary>The parameters of the group.</summary>
    public IReadOnlyList<Parameter> Parameters { get; } = [.. parameters];

    /// <summary>The group's learning rate, finite and ≥ 0, or null for the optimizer's.</summary>
    public double? LearningRate { get; init; }

    /// <summary>The group's weight decay, finite and ≥ 0, or null for the optimizer's. Models give 0 to biases and normalisation
    /// parameters.</summary>
    public double? WeightDecay { get; init; }
}
