using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus;

/// <summary>How an optimizer updates the parameters of a group: by which state, and in which passes.</summary>
public abstract class UpdateMethod
{
    private protected UpdateMethod()
    {
    }

    /// <summary>An element-wise rule: one pass over memory.</summary>
    public static UpdateMethod Elementwise<TRule, TOptions>()
        where TRule : struct, IUpdateRule<TRule, TOptions> where TOptions : OptimizerSettings
        => new ElementwiseMethod<TRule, TOptions>();

    /// <summary>An element-wise rule that needs sums first: two passes over memory.</summary>
    public static UpdateMethod Measured<TRule, TOptions>()
        where TRule : struct, IMeasuredRule<TRule, TOptions> where TOptions : OptimizerSettings
        => new MeasuredMethod<TRule, TOptions>();

    /// <summary>Hands the type of the rule to a visitor; null where the method is not an element-wise rule.</summary>
    internal virtual TResult? Accept<TResult>(IRuleVisitor<TResult> visitor) where TResult : class => null;

    /// <summary>Fresh state for a parameter.</summary>
    internal abstract ParameterState CreateState(Parameter parameter, OptimizerSettings settings, ParameterLayout layout);

    /// <summary>Updates a parameter at once, or queues it for <see cref="Run"/>. The state's step is counted already.</summary>
    internal abstract void Update(Parameter parameter, Tensor gradient, ParameterState state, OptimizerSettings settings, double learningRate);

    /// <summary>Updates all that is queued.</summary>
    internal virtual void Run()
    {
    }

    /// <summary>Forgets what is queued.</summary>
    internal virtual void Clear()
    {
    }
}

/// <summary>Makes something of a rule whose type is not known at compile time, for which code can be compiled then.</summary>
internal interface IRuleVisitor<TResult>
{
    TResult Elementwise<TRule, TOptions>() where TRule : struct, IUpdateRule<TRule, TOptions> where TOptions : OptimizerSettings;

    TResult Measured<TRule, TOptions>() where TRule : struct, IMeasuredRule<TRule, TOptions> where TOptions : OptimizerSettings;
}

/// <summary>What both kinds of element-wise rules share: contiguous float32 tensors on the CPU are gathered into a loop over memory;
/// everything else takes tensor operations with the same result.</summary>
internal abstract class FusedMethod<TRule, TOptions>(FusedLoop<TRule> loop) : UpdateMethod
    where TRule : struct, IOptimizerRule<TRule, TOptions>
    where TOptions : OptimizerSettings
{
    internal override void Update(Parameter parameter, Tensor gradient, ParameterState state, OptimizerSettings settings, double learningRate)
    {
        if (parameter.numel() == 0) return;
        var rule = TRule.At((TOptions)settings, new(state.Step, learningRate, state.Layout, state.Memory));
        if (loop.TryAdd(rule, gradient, state)) return;

        // Shorter types than float32 are updated in float32, as their squares and small constants would vanish.
        using var scope = NewDisposeScope();
        var type = state.ComputeType;
        TensorElements Elements(Tensor tensor) => new(tensor.to(type).reshape(state.BlockCount, -1));
        var (p, a, b, c) = (Elements(parameter), Of(0), Of(1), Of(2));
        Update(rule, state, ref p, Elements(gradient), ref a, ref b, ref c);
        parameter.copy_(p.Value.reshape(parameter.shape));
        foreach (var (tensor, updated) in state.Tensors.Take(TRule.StateCount).Zip([a, b, c])) tensor.copy_(updated.Value.reshape(parameter.shape));

        TensorElements Of(int index) => index < TRule.StateCount ? Elements(state.Tensors[index]) : default;
    }

    internal override void Run() => loop.Run();

    internal override void Clear() => loop.Clear();

    private protected abstract void Update(
        TRule rule, ParameterState state, ref TensorElements parameter, TensorElements gradient,
        ref TensorElements first, ref TensorElements second, ref TensorElements third);
}

internal sealed class ElementwiseMethod<TRule, TOptions>() : FusedMethod<TRule, TOptions>(new ElementwiseLoop<TRule>())
    where TRule : struct, IUpdateRule<TRule, TOptions>
    where TOptions : OptimizerSettings
{
    internal override TResult Accept<TResult>(IRuleVisitor<TResult> visitor) => visitor.Elementwise<TRule, TOptions>();

    internal override ParameterState CreateState(Parameter parameter, OptimizerSettings settings, ParameterLayout layout)
        => new(parameter, layout, ParameterState.Like(parameter, TRule.StateCount), TRule.MemoryCount);

    private protected override void Update(
        TRule rule, ParameterState state, ref TensorElements parameter, TensorElements gradient,
        ref TensorElements first, ref TensorElements second, ref TensorElements third)
        => rule.Update(ref parameter, gradient, ref first, ref second, ref third);
}

internal sealed class MeasuredMethod<TRule, TOptions>() : FusedMethod<TRule, TOptions>(new MeasuredLoop<TRule>())
    where TRule : struct, IMeasuredRule<TRule, TOptions>
    where TOptions : OptimizerSettings
{
    internal override TResult Accept<TResult>(IRuleVisitor<TResult> visitor) => visitor.Measured<TRule, TOptions>();

    internal override ParameterState CreateState(Parameter parameter, OptimizerSettings settings, ParameterLayout layout)
    {
        var block = TRule.BlockLength((TOptions)settings, layout);
        if (block < 1 ? layout.ElementCount > 0 : layout.ElementCount % block != 0)
            throw new ArgumentException(
                $"{settings.Name} divides parameters into blocks of {block} elements, but one has shape {layout.Shape.ShapeText()}; "
                + $"expected a divisor of {layout.ElementCount}.");
        return new(
            parameter, layout, ParameterState.Like(parameter, TRule.StateCount), TRule.MemoryCount, block, TRule.BlockMemoryCount);
    }

    private protected override void Update(
        TRule rule, ParameterState state, ref TensorElements parameter, TensorElements gradient,
        ref TensorElements first, ref TensorElements second, ref TensorElements third)
    {
        var blocks = state.BlockCount;
        var sums = new BlockSums<TensorElements> { A = Zero(), B = Zero(), C = Zero(), D = Zero() };
        if (rule.NeedsSums) rule.Measure(parameter, gradient, first, second, third, ref sums);
        var totals = stack([.. new[] { sums.A, sums.B, sums.C, sums.D }.Take(TRule.SumCount).Select(Total)], 1)
            .to(ScalarType.Float64).cpu().contiguous();
        var factors = zeros(blocks, BlockDecision.FactorCount, ScalarType.Float64);
        rule.Decide(new(totals.Doubles(), TRule.SumCount, factors.Doubles(), state.BlockMemory, state.BlockLength));
        factors = factors.to(state.ComputeType).to(parameter.Value.device);
        rule.Update(
            ref parameter, gradient, ref first, ref second, ref third,
            new(factors.narrow(1, 0, 1)), new(factors.narrow(1, 1, 1)));

        TensorElements Zero() => new(zeros([], state.ComputeType, gradient.Value.device));
        Tensor Total(TensorElements sum) => sum.Value.expand(blocks, state.BlockLength).sum(1);
    }
}
