using TorchSharp.Modules;

namespace Focus;

/// <summary>AdamW: Adam with decoupled weight decay (arXiv:1711.05101), as <c>torch.optim.AdamW</c> computes it.</summary>
/// <remarks>
/// <code>
/// θ ← θ − η·ω·θ        m ← β1·m + (1−β1)·g        v ← β2·v + (1−β2)·g²
/// θ ← θ − η/(1−β1^t) · m / (√v / √(1−β2^t) + ε)
/// </code>
/// The optimizer keeps two tensors, m and v, per parameter.
/// </remarks>
public sealed record AdamWOptions : OptimizerOptions
{
    /// <summary>Options with PyTorch's defaults: η 1e-3, β1 0.9, β2 0.999, ε 1e-8, ω 1e-2.</summary>
    public AdamWOptions() => (LearningRate, WeightDecay) = (1e-3, 1e-2);

    /// <summary>The decay β1 of the first moment, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>The decay β2 of the second moment, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>The term ε added to the denominator, finite and &gt; 0.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <inheritdoc/>
    public override string Name => "AdamW";

    /// <inheritdoc/>
    public override OptimizerHelper CreateOptimizer(IEnumerable<ParameterGroup> parameterGroups) => new AdamWOptimizer(parameterGroups, this);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequireFraction(Beta1, nameof(Beta1));
        RequireFraction(Beta2, nameof(Beta2));
        RequirePositive(Epsilon, nameof(Epsilon));
    }
}
