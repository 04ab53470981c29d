using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Focus;

/// <summary>An optimizer on a landscape that runs one of the library's update rules, the same code as on tensors.</summary>
/// <remarks>A rule's coefficients depend on the learning rate, and its sums on the gradient of all coordinates. So the runs of a block share a
/// learning rate, the kernel only computes gradients, and a <see cref="BlockUpdate"/> then updates the points.</remarks>
internal abstract class RuleOptimizer(OptimizerSettings settings, string name) : LandscapeOptimizer.Of<GradientRule>(name, default)
{
    /// <summary>Whether <see cref="Read"/> knows the optimizer.</summary>
    public bool IsReadable { get; } = Optimizers.All.Any(known => known.GetType() == settings.GetType());

    /// <exception cref="ArgumentException">The optimizer is not element-wise, a hyperparameter is outside its range, or the name is not
    /// valid.</exception>
    public static RuleOptimizer Create(OptimizerSettings settings, string? name)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (name.AsSpan().ContainsAny(",\"{}\r\n"))
            throw new ArgumentException($"The name is '{name}'; expected one without commas, quotes, braces and line breaks.", nameof(name));
        settings.Validate();
        if (settings.Curvature.Kind == CurvatureKind.PreviousGradient)
            throw new ArgumentException(
                $"{settings.Name} with these options cannot run on a landscape, as it needs a second gradient for each step.", nameof(settings));
        return settings.NewMethod().Accept(new Creation(settings with { LearningRate = 0, WeightDecay = 0 }, name)) ?? throw new ArgumentException(
            $"{settings.Name} cannot run on a landscape, as it does not update each number by a formula; element-wise optimizers can: "
            + $"{string.Join(", ", Optimizers.All.Where(IsElementwise).Select(known => known.Name))}.", nameof(settings));

        static bool IsElementwise(OptimizerSettings known) => known.NewMethod().Accept(new Creation(known, known.Name)) is not null;
    }

    /// <summary>Whether a text is of the form that <see cref="ToString"/> writes.</summary>
    public static bool IsText(string text) => text.Contains('{');

    /// <inheritdoc cref="LandscapeOptimizer.Parse"/>
    public static RuleOptimizer Read(string text)
    {
        var start = text.IndexOf('{');
        try
        {
            var kind = Optimizers.Named(JsonSerializer.Deserialize<Kind>(text[start..])?.Name ?? "").GetType();
            return Create((OptimizerSettings)JsonSerializer.Deserialize(text[start..], kind)!, text[..start].TrimEnd());
        }
        catch (Exception error) when (error is JsonException || error is ArgumentException and not ArgumentOutOfRangeException)
        {
            throw new FormatException($"'{text}' is not an optimizer with its options: {Check.Reason(error)}", error);
        }
    }

    /// <summary>Name and options, such as <c>Lion {"Beta1":0.9, … }</c>.</summary>
    public override string ToString() => $"{Name} {JsonSerializer.Serialize(settings, settings.GetType())}";

    /// <summary>Begins the runs of a block, which share a learning rate.</summary>
    public BlockUpdate Start<T>(Block block, Workspace workspace, double learningRate, double weightDecay) where T : struct, ILanes<T>
        => Start<T>(block, workspace, settings with { LearningRate = learningRate, WeightDecay = weightDecay });

    private protected abstract BlockUpdate Start<T>(Block block, Workspace workspace, OptimizerSettings settings) where T : struct, ILanes<T>;

    /// <summary>What of an optimizer's options says which it is.</summary>
    private sealed record Kind(string? Name);

    private sealed class Creation(OptimizerSettings settings, string name) : IRuleVisitor<RuleOptimizer>
    {
        public RuleOptimizer Elementwise<TRule, TOptions>() where TRule : struct, IUpdateRule<TRule, TOptions> where TOptions : OptimizerSettings
            => new ElementwiseOptimizer<TRule, TOptions>(settings, name);

        public RuleOptimizer Measured<TRule, TOptions>() where TRule : struct, IMeasuredRule<TRule, TOptions> where TOptions : OptimizerSettings
            => new MeasuredOptimizer<TRule, TOptions>(settings, name);
    }

    private sealed class ElementwiseOptimizer<TRule, TOptions>(OptimizerSettings settings, string name) : RuleOptimizer(settings, name)
        where TRule : struct, IUpdateRule<TRule, TOptions> where TOptions : OptimizerSettings
    {
        private protected override BlockUpdate Start<T>(Block block, Workspace workspace, OptimizerSettings own)
            => new ElementwiseUpdate<T, TRule>(block, workspace, own, step => TRule.At((TOptions)own, step));
    }

    private sealed class MeasuredOptimizer<TRule, TOptions>(OptimizerSettings settings, string name) : RuleOptimizer(settings, name)
        where TRule : struct, IMeasuredRule<TRule, TOptions> where TOptions : OptimizerSettings
    {
        private protected override BlockUpdate Start<T>(Block block, Workspace workspace, OptimizerSettings own)
            => new MeasuredUpdate<T, TRule>(block, workspace, own, step => TRule.At((TOptions)own, step));
    }
}

/// <summary>No step: leaves the gradient in the first state.</summary>
internal readonly struct GradientRule : IRule
{
    [MethodImpl(Lanes.Inline)]
    public void Step<T>(ref T p, ref T s0, ref T s1, T gradient, T rate, T keep, T first, T second) where T : struct, IArithmetic<T> => s0 = gradient;
}
