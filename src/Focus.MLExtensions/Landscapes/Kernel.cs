using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>The loops over steps and runs, compiled for one vector width, valley and optimizer.</summary>
internal static unsafe class Kernel
{
    /// <summary>Advances all runs of a block by <paramref name="count"/> steps, from step index <paramref name="start"/> on.</summary>
    /// <remarks><paramref name="noise"/> is ordered step, coordinate, run. Valley and rule come by reference, because their constants are then
    /// broadcast while they are loaded, which costs nothing; from registers it would cost a shuffle each time.</remarks>
    public static void Advance<T, TValley, TRule>(
        Block block, ref TValley valley, ref TRule rule, Recorder recorder,
        (double First, double Second)[] factors, float* noise, int start, int count)
        where T : struct, ILanes<T> where TValley : struct, IValley where TRule : struct, IRule
    {
        if (block.Dimensions == 2)
        {
            if (recorder.KeepsExtremes) AdvanceInPlane<T, TValley, TRule, Yes>(block, ref valley, ref rule, recorder, factors, noise, start, count);
            else AdvanceInPlane<T, TValley, TRule, No>(block, ref valley, ref rule, recorder, factors, noise, start, count);
            return;
        }

        // One vector of runs makes all steps before the next does, because its state fits the first-level cache and the block's does not.
        for (var run = 0; run < block.Runs; run += T.Count)
            for (var i = 0; i < count; i++)
                StepInSpace<T, TValley, TRule>(
                    block, ref valley, ref rule, recorder, factors[start + i], noise + i * 2 * block.Pairs * block.Runs, run, start + i > 0);
    }

    /// <remarks>State lives in arrays in the first-level cache, not in registers: a step is a long chain of dependent operations, so many
    /// vectors must be in flight at once, more than registers hold.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AdvanceInPlane<T, TValley, TRule, TExtremes>(
        Block block, ref TValley valley, ref TRule rule, Recorder recorder,
        (double First, double Second)[] factors, float* noise, int start, int count)
        where T : struct, ILanes<T> where TValley : struct, IValley where TRule : struct, IRule where TExtremes : struct, IChoice
    {
        var runs = block.Runs;
        var c = T.Broadcast(block.Axis[0]);
        var s = T.Broadcast(block.Axis[runs]);

        // A pointer for each array: with one pointer and a stride, the simplest optimizers are a twentieth slower.
        double* x = block.P, y = x + runs, x0 = block.S0, y0 = x0 + runs, x1 = block.S1, y1 = x1 + runs;
        for (var step = start; step < start + count; step++)
        {
            var first = Pair<T>.Broadcast(factors[step].First);
            var second = Pair<T>.Broadcast(factors[step].Second);
            for (var run = 0; run < runs; run += T.Count)
            {
                var p = new Pair<T>(T.Load(x + run), T.Load(y + run));
                var u = T.MultiplyAdd(p.First, c, p.Second * s);
                var v = T.SubtractProduct(p.Second * c, p.First, s);
                var q = v * v;
                if (TExtremes.IsMade && step > 0) recorder.Record(ref valley, run, u, q);

                var (along, across) = valley.Gradient(u, q);
                across *= v;
                var g = new Pair<T>(T.SubtractProduct(along * c, across, s), T.MultiplyAdd(along, s, across * c));
                g = Pair<T>.MultiplyAdd(g, Widen<T>(noise + run, runs), g);

                var s0 = new Pair<T>(T.Load(x0 + run), T.Load(y0 + run));
                var s1 = new Pair<T>(T.Load(x1 + run), T.Load(y1 + run));
                rule.Step(ref p, ref s0, ref s1, g, Pair<T>.Of(T.Load(block.Rate + run)), Pair<T>.Of(T.Load(block.Keep + run)), first, second);
                p.First.Store(x + run);
                p.Second.Store(y + run);
                s0.First.Store(x0 + run);
                s0.Second.Store(y0 + run);
                s1.First.Store(x1 + run);
                s1.Second.Store(y1 + run);
            }
            noise += 2 * runs;
        }
    }

    /// <summary>One step of one vector of runs in more than two dimensions.</summary>
    /// <remarks>
    /// A valley depends on u and on the distance from the axis only, so only the axis r of the rotation of parameter space matters: with
    /// u = r·θ and v = θ − u·r, the gradient is (∂L/∂u)·r + h·v. A step is linear in the dimension, where the rotation's matrix would be
    /// quadratic.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void StepInSpace<T, TValley, TRule>(
        Block block, ref TValley valley, ref TRule rule, Recorder recorder, (double First, double Second) factors, float* noise, int run, bool moved)
        where T : struct, ILanes<T> where TValley : struct, IValley where TRule : struct, IRule
    {
        var runs = block.Runs;
        var end = 2 * block.Pairs * runs;
        var sum = Pair<T>.Broadcast(0);
        for (var i = run; i < end; i += 2 * runs) sum = Pair<T>.MultiplyAdd(Load<T>(block.P + i, runs), Load<T>(block.Axis + i, runs), sum);
        var u = sum.First + sum.Second;
        var onAxis = Pair<T>.Of(u);

        sum = Pair<T>.Broadcast(0);
        for (var i = run; i < end; i += 2 * runs)
        {
            var v = Pair<T>.SubtractProduct(Load<T>(block.P + i, runs), onAxis, Load<T>(block.Axis + i, runs));
            sum = Pair<T>.MultiplyAdd(v, v, sum);
        }
        var q = sum.First + sum.Second;
        if (recorder.KeepsExtremes && moved) recorder.Record(ref valley, run, u, q);

        var gradient = valley.Gradient(u, q);
        var (along, across) = (Pair<T>.Of(gradient.Along), Pair<T>.Of(gradient.Across));
        var (first, second) = (Pair<T>.Broadcast(factors.First), Pair<T>.Broadcast(factors.Second));
        var (rate, keep) = (Pair<T>.Of(T.Load(block.Rate + run)), Pair<T>.Of(T.Load(block.Keep + run)));
        for (var i = run; i < end; i += 2 * runs)
        {
            var p = Load<T>(block.P + i, runs);
            var s0 = Load<T>(block.S0 + i, runs);
            var s1 = Load<T>(block.S1 + i, runs);
            var axis = Load<T>(block.Axis + i, runs);
            var g = Pair<T>.MultiplyAdd(along, axis, across * Pair<T>.SubtractProduct(p, onAxis, axis));
            g = Pair<T>.MultiplyAdd(g, Widen<T>(noise + i, runs), g);
            rule.Step(ref p, ref s0, ref s1, g, rate, keep, first, second);
            Store(p, block.P + i, runs);
            Store(s0, block.S0 + i, runs);
            Store(s1, block.S1 + i, runs);
        }
    }

    /// <summary>Writes the diagonal of each run's Hessian where the second state is.</summary>
    /// <remarks>With the gradient (∂L/∂u)·r + h·v, the Hessian is (∂²L/∂u²)·r·rᵀ + (∂h/∂u)·(r·vᵀ + v·rᵀ) + h·(I − r·rᵀ).</remarks>
    public static void Curve<T, TValley>(Block block, TValley valley) where T : struct, ILanes<T> where TValley : struct, IValley
    {
        var end = 2 * block.Pairs * block.Runs;
        for (var run = 0; run < block.Runs; run += T.Count)
        {
            T u = T.Broadcast(0), q = u, one = T.Broadcast(1);
            for (var i = run; i < end; i += block.Runs) u = T.MultiplyAdd(T.Load(block.P + i), T.Load(block.Axis + i), u);
            for (var i = run; i < end; i += block.Runs)
            {
                var v = T.SubtractProduct(T.Load(block.P + i), u, T.Load(block.Axis + i));
                q = T.MultiplyAdd(v, v, q);
            }
            var (along, mixed, across) = valley.Curvature(u, q);
            for (var i = run; i < end; i += block.Runs)
            {
                var r = T.Load(block.Axis + i);
                var v = T.SubtractProduct(T.Load(block.P + i), u, r);
                (along * r * r + (mixed + mixed) * r * v + across * (one - r * r)).Store(block.S1 + i);
            }
        }
    }

    [MethodImpl(Lanes.Inline)]
    private static Pair<T> Load<T>(double* source, int stride) where T : struct, ILanes<T> => new(T.Load(source), T.Load(source + stride));

    [MethodImpl(Lanes.Inline)]
    private static Pair<T> Widen<T>(float* source, int stride) where T : struct, ILanes<T> => new(T.Widen(source), T.Widen(source + stride));

    [MethodImpl(Lanes.Inline)]
    private static void Store<T>(Pair<T> value, double* destination, int stride) where T : struct, ILanes<T>
    {
        value.First.Store(destination);
        value.Second.Store(destination + stride);
    }
}
