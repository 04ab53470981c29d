using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>Adam-mini: AdamW with one second moment for a block of parameters: an attention head, a row or a tensor (arXiv:2406.16793).</summary>
/// <remarks>
/// With V one number for each block:
/// <code>
/// θ ← θ − η·ω·θ        m ← β1·m + (1−β1)·g        V ← β2·V + (1−β2)·mean(g²)
/// θ ← θ − η/(1−β1^t) · m / (√V / √(1−β2^t) + ε)
/// </code>
/// Blocks follow from roles, where the published code guesses them from names: the rows of a head in matrices whose group says
/// <see cref="ParameterGroup.Heads"/>, one row (an output or a token) in other matrices, embeddings and heads. Gains and biases take AdamW.
/// State: m, and V of each block. Two passes over memory.
/// </remarks>
public sealed record AdamMiniOptions : MomentOptions
{
    /// <summary>Options with the published defaults: η 1e-3, β1 0.9, β2 0.999, ε 1e-8, ω 0.</summary>
    public AdamMiniOptions() => LearningRate = 1e-3;

    /// <summary>Whether each tensor without heads is one block, whatever its role.</summary>
    public bool WholeTensors { get; init; }

    /// <inheritdoc/>
    public override string Name => "Adam-mini";

    /// <inheritdoc/>
    protected override UpdateMethod CreateMethod() => UpdateMethod.Measured<AdamMiniRule, AdamMiniOptions>();

    /// <inheritdoc/>
    protected internal override OptimizerSettings For(ParameterRole role) => role != ParameterRole.GainOrBias || WholeTensors
        ? this
        : AsAdamW;
}

/// <summary>One step of Adam-mini; the formula is in <see cref="AdamMiniOptions"/>. A block remembers its second moment.</summary>
internal readonly struct AdamMiniRule : IMeasuredRule<AdamMiniRule, AdamMiniOptions>
{
    private readonly AdamMiniOptions options;
    private readonly Decay beta1;
    private readonly Coefficient shrinkage;
    private readonly double rate, rootCorrection;

    private AdamMiniRule(AdamMiniOptions options, UpdateStep step)
    {
        this.options = options;
        beta1 = new(options.Beta1);
        rate = step.LearningRate / step.Correction(options.Beta1);
        rootCorrection = Math.Sqrt(step.Correction(options.Beta2));
        shrinkage = 1 - step.LearningRate * options.WeightDecay;
    }

    public static int StateCount => 1;

    public static int SumCount => 1;

    public static MeasuredArrays Measured => MeasuredArrays.Gradient;

    public static int BlockMemoryCount => 1;

    public bool NeedsSums => true;

    public static long BlockLength(AdamMiniOptions options, ParameterLayout layout)
    {
        var heads = layout.StackedMatrices * layout.Heads;
        if (layout.Heads == 1) return options.WholeTensors ? layout.ElementCount : layout.RowLength;
        return layout.Shape[0] % heads == 0 ? layout.ElementCount / heads : throw new ArgumentException(
            $"A parameter has shape {layout.Shape.ShapeText()}, and its group says {layout.StackedMatrices} matrices with {nameof(ParameterGroup.Heads)} "
            + $"{layout.Heads}; expected rows that divide into {heads} blocks.");
    }

    public static AdamMiniRule At(AdamMiniOptions options, UpdateStep step) => new(options, step);

    [MethodImpl(FloatElements.Inline)]
    public void Measure<T>(T parameter, T gradient, T first, T second, T third, ref BlockSums<T> sums) where T : struct, IElements<T>
        => sums.A += gradient * gradient;

    public void Decide(BlockDecision blocks)
    {
        for (var block = 0; block < blocks.Count; block++)
        {
            ref var moment = ref blocks.Memory(block)[0];
            moment = options.Beta2 * moment + (1 - options.Beta2) * (blocks.Sums(block).A / blocks.BlockLength);
            blocks.Set(block, -rate / (Math.Sqrt(moment) / rootCorrection + options.Epsilon));
        }
    }

    [MethodImpl(FloatElements.Inline)]
    public void Update<T>(ref T parameter, T gradient, ref T first, ref T second, ref T third, T descent, T unused)
        where T : struct, IElements<T>
    {
        first = beta1.Average(first, gradient);
        parameter = parameter * shrinkage + first * descent;
    }
}
