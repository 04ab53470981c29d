using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>The loop over runs and steps in many dimensions, compiled for one vector width, valley, optimizer and recorder.</summary>
/// <remarks>
/// A valley depends on u and on the distance from the axis only, so of the rotation of parameter space only the axis r matters: with
/// u = r·θ and v = θ − u·r, the gradient is (∂L/∂u)·r + h·v. A step is linear in the dimension, where the rotation's matrix would be
/// quadratic.
/// </remarks>
internal static unsafe class SpaceKernel
{
    /// <summary>Advances all runs of a block by <paramref name="count"/> steps, from step index <paramref name="start"/> on.</summary>
    /// <remarks>One vector of runs makes all these steps before the next does, because its state fits the first-level cache and the block's
    /// does not. <paramref name="noise"/> is ordered step, coordinate, run.</remarks>
    public static void Advance<T, TValley, TRule, TRecorder>(
        SpaceBlock block, ref TValley valley, ref TRule rule, ref TRecorder recorder,
        (double First, double Second)[] factors, float* noise, int start, int count)
        where T : struct, ILanes<T> where TValley : struct, IValley where TRule : struct, IRule where TRecorder : struct, IRecorder<TRecorder>
    {
        var draws = block.Coordinates * block.Runs;
        for (var run = 0; run < block.Runs; run += T.Count)
            for (var i = 0; i < count; i++)
                Step<T, TValley, TRule, TRecorder>(block, ref valley, ref rule, ref recorder, factors[start + i], noise + i * draws, run, start + i > 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Step<T, TValley, TRule, TRecorder>(
        SpaceBlock block, ref TValley valley, ref TRule rule, ref TRecorder recorder,
        (double First, double Second) factors, float* noise, int run, bool moved)
        where T : struct, ILanes<T> where TValley : struct, IValley where TRule : struct, IRule where TRecorder : struct, IRecorder<TRecorder>
    {
        var runs = block.Runs;
        var end = block.Coordinates * runs;
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
        if (TRecorder.Records && moved) recorder.Record(ref valley, run, u, q);

        var gradient = valley.Gradient(u, q);
        var (along, across) = (Pair<T>.Of(gradient.Along), Pair<T>.Of(gradient.Across));
        var (first, second) = (Pair<T>.Broadcast(factors.First), Pair<T>.Broadcast(factors.Second));
        var rate = Pair<T>.Of(T.Load(block.Rate + run));
        var keep = Pair<T>.Of(T.Load(block.Keep + run));
        for (var i = run; i < end; i += 2 * runs)
        {
            var p = Load<T>(block.P + i, runs);
            var axis = Load<T>(block.Axis + i, runs);
            var s0 = Load<T>(block.S0 + i, runs);
            var s1 = Load<T>(block.S1 + i, runs);
            var g = Pair<T>.MultiplyAdd(along, axis, across * Pair<T>.SubtractProduct(p, onAxis, axis));
            g = Pair<T>.MultiplyAdd(g, new(T.Widen(noise + i), T.Widen(noise + i + runs)), g);
            rule.Step(ref p, ref s0, ref s1, g, rate, keep, first, second);
            Store(p, block.P + i, runs);
            Store(s0, block.S0 + i, runs);
            Store(s1, block.S1 + i, runs);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Pair<T> Load<T>(double* source, int stride) where T : struct, ILanes<T> => new(T.Load(source), T.Load(source + stride));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<T>(Pair<T> value, double* destination, int stride) where T : struct, ILanes<T>
    {
        value.First.Store(destination);
        value.Second.Store(destination + stride);
    }
}
