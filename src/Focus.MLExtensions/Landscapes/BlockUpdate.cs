using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>Updates the points of a block, with gradients that <see cref="GradientRule"/> left in its first state.</summary>
internal abstract class BlockUpdate
{
    /// <summary>Whether a step (0, 1, …) begins with <see cref="TakeCurvature"/>.</summary>
    public abstract bool NeedsCurvature(int step);

    /// <summary>Takes the diagonals of the Hessians from the block's second state.</summary>
    public abstract void TakeCurvature();

    public abstract void Step(int step);

    /// <summary>Moves the points, after the last step, to where they are to be evaluated.</summary>
    public abstract void Finish();
}

/// <summary>Updates by a rule, whose state is here.</summary>
internal abstract unsafe class RuleUpdate<T, TRule>(Block block, Workspace workspace, OptimizerSettings settings, Func<UpdateStep, TRule> at) : BlockUpdate
    where T : struct, ILanes<T> where TRule : struct, IOptimizerRule
{
    private readonly double* first = State(block, workspace, 0), second = State(block, workspace, 1), third = State(block, workspace, 2);
    private readonly double[] memory = new double[TRule.MemoryCount];
    private readonly ParameterLayout layout = new([block.Dimensions], ParameterRole.GainOrBias, 1, 1);

    /// <summary>Something done with the coordinates of a vector of runs, the first of which has the given number.</summary>
    private protected interface IUpdate
    {
        void Update(
            int run, ref LaneElements<T> point, LaneElements<T> gradient,
            ref LaneElements<T> first, ref LaneElements<T> second, ref LaneElements<T> third);
    }

    private protected Block Block => block;

    public override bool NeedsCurvature(int step) => settings.Curvature switch
    {
        (CurvatureKind.HessianDiagonal, var interval) => step % interval == 0,
        // It is estimated after a step, at the point where the next one starts.
        (CurvatureKind.SampledGradient, var interval) => step > 0 && (step - 1) % interval == 0,
        _ => false,
    };

    public override void TakeCurvature() => ForEach(new Curvature(settings), block.S1);

    public override void Step(int step) => Step(at(new(step + 1, settings.LearningRate, layout, memory)));

    public override void Finish()
    {
        if (settings.HasAverage) ForEach(new Average(settings), block.S0);
    }

    private protected abstract void Step(TRule rule);

    /// <remarks>Compiled on its own: the JIT inlines only so much into one method, and this needs all of it.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private protected void ForEach<TUpdate>(TUpdate update, double* gradients) where TUpdate : struct, IUpdate
    {
        var (runs, end) = (block.Runs, 2 * block.Pairs * block.Runs);
        for (var coordinate = 0; coordinate < end; coordinate += runs)
            for (var run = 0; run < runs; run += T.Count)
            {
                var i = coordinate + run;
                var point = Load(block.P, i);
                LaneElements<T> a = LoadState(0, i), b = LoadState(1, i), c = LoadState(2, i);
                update.Update(run, ref point, Load(gradients, i), ref a, ref b, ref c);
                point.Value.Store(block.P + i);
                if (TRule.StateCount > 0) a.Value.Store(first + i);
                if (TRule.StateCount > 1) b.Value.Store(second + i);
                if (TRule.StateCount > 2) c.Value.Store(third + i);
            }
    }

    [MethodImpl(Lanes.Inline)]
    private protected static LaneElements<T> Load(double* source, int index) => new(T.Load(source + index));

    [MethodImpl(Lanes.Inline)]
    private protected LaneElements<T> LoadState(int state, int index)
        => state < TRule.StateCount ? Load(state == 0 ? first : state == 1 ? second : third, index) : default;

    private static double* State(Block block, Workspace workspace, int state)
        => state < TRule.StateCount ? workspace.Take<double>(2 * block.Pairs * block.Runs) : null;

    private readonly struct Curvature(OptimizerSettings settings) : IUpdate
    {
        public void Update(
            int run, ref LaneElements<T> point, LaneElements<T> diagonal,
            ref LaneElements<T> first, ref LaneElements<T> second, ref LaneElements<T> third)
            => settings.TakeCurvature(settings.ExactCurvature(diagonal), ref first, ref second, ref third);
    }

    private readonly struct Average(OptimizerSettings settings) : IUpdate
    {
        public void Update(
            int run, ref LaneElements<T> point, LaneElements<T> gradient,
            ref LaneElements<T> first, ref LaneElements<T> second, ref LaneElements<T> third)
            => point = settings.AverageOf(point, first);
    }
}

/// <summary>Updates by a rule without sums.</summary>
internal sealed unsafe class ElementwiseUpdate<T, TRule>(Block block, Workspace workspace, OptimizerSettings settings, Func<UpdateStep, TRule> at)
    : RuleUpdate<T, TRule>(block, workspace, settings, at)
    where T : struct, ILanes<T> where TRule : struct, IUpdateRule
{
    private protected override void Step(TRule rule) => ForEach(new Update(rule), Block.S0);

    private struct Update(TRule rule) : IUpdate
    {
        private TRule rule = rule; // Not readonly: the compiler would copy it for every call.

        [MethodImpl(Lanes.Inline)]
        void IUpdate.Update(
            int run, ref LaneElements<T> point, LaneElements<T> gradient,
            ref LaneElements<T> first, ref LaneElements<T> second, ref LaneElements<T> third)
            => rule.Update(ref point, gradient, ref first, ref second, ref third);
    }
}

/// <summary>Updates by a rule with sums: each run's coordinates are a block of their own.</summary>
internal sealed unsafe class MeasuredUpdate<T, TRule>(Block block, Workspace workspace, OptimizerSettings settings, Func<UpdateStep, TRule> at)
    : RuleUpdate<T, TRule>(block, workspace, settings, at)
    where T : struct, ILanes<T> where TRule : struct, IMeasuredRule
{
    /// <summary>Ordered sum or factor, run.</summary>
    private readonly double* sums = workspace.Take<double>(TRule.SumCount * block.Runs),
        factors = workspace.Take<double>(BlockDecision.FactorCount * block.Runs);

    private readonly double[] memory = new double[TRule.BlockMemoryCount * block.Runs];

    private protected override void Step(TRule rule)
    {
        if (rule.NeedsSums) Measure(rule);
        else new Span<double>(sums, TRule.SumCount * Block.Runs).Clear();
        Decide(rule);
        ForEach(new Update(rule, factors, factors + Block.Runs), Block.S0);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Measure(TRule rule)
    {
        var (runs, end) = (Block.Runs, 2 * Block.Pairs * Block.Runs);
        for (var run = 0; run < runs; run += T.Count)
        {
            BlockSums<LaneElements<T>> own = default;
            for (var i = run; i < end; i += runs)
                rule.Measure(Load(Block.P, i), Load(Block.S0, i), LoadState(0, i), LoadState(1, i), LoadState(2, i), ref own);
            own.A.Value.Store(sums + run);
            if (TRule.SumCount > 1) own.B.Value.Store(sums + runs + run);
            if (TRule.SumCount > 2) own.C.Value.Store(sums + 2 * runs + run);
            if (TRule.SumCount > 3) own.D.Value.Store(sums + 3 * runs + run);
        }
    }

    private void Decide(TRule rule)
    {
        Span<double> own = stackalloc double[TRule.SumCount], decided = stackalloc double[BlockDecision.FactorCount];
        for (var run = 0; run < Block.Runs; run++)
        {
            for (var i = 0; i < own.Length; i++) own[i] = sums[i * Block.Runs + run];
            rule.Decide(new(own, TRule.SumCount, decided, memory.AsSpan(run * TRule.BlockMemoryCount, TRule.BlockMemoryCount), Block.Dimensions));
            for (var i = 0; i < decided.Length; i++) factors[i * Block.Runs + run] = decided[i];
        }
    }

    private struct Update(TRule rule, double* factors, double* otherFactors) : IUpdate
    {
        private TRule rule = rule; // Not readonly: the compiler would copy it for every call.

        [MethodImpl(Lanes.Inline)]
        void IUpdate.Update(
            int run, ref LaneElements<T> point, LaneElements<T> gradient,
            ref LaneElements<T> first, ref LaneElements<T> second, ref LaneElements<T> third)
            => rule.Update(ref point, gradient, ref first, ref second, ref third, Load(factors, run), Load(otherFactors, run));
    }
}
