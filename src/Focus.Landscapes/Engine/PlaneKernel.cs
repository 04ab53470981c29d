using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>The loop over steps and runs in two dimensions, compiled for one vector width, valley, optimizer and recorder.</summary>
internal static unsafe class PlaneKernel
{
    /// <summary>Advances all runs of a block by <paramref name="count"/> steps, from step index <paramref name="start"/> on.</summary>
    /// <remarks>
    /// State lives in arrays in the first-level cache, not in registers: a step is a long chain of dependent operations, so many vectors
    /// must be under way at once, more than registers hold. Valley and rule come by reference, because their constants are then broadcast
    /// while they are loaded, which costs nothing; from registers it would cost a shuffle each time. <paramref name="noise"/> is ordered
    /// step, coordinate, run.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Advance<T, TValley, TRule, TRecorder>(
        PlaneBlock block, ref TValley valley, ref TRule rule, ref TRecorder recorder, (double Cosine, double Sine) axis,
        (double First, double Second)[] factors, float* noise, int start, int count)
        where T : struct, ILanes<T> where TValley : struct, IValley where TRule : struct, IRule where TRecorder : struct, IRecorder<TRecorder>
    {
        var c = T.Broadcast(axis.Cosine);
        var s = T.Broadcast(axis.Sine);
        var stride = block.Runs;
        for (var step = start; step < start + count; step++)
        {
            var first = T.Broadcast(factors[step].First);
            var second = T.Broadcast(factors[step].Second);
            for (var run = 0; run < block.Runs; run += T.Count)
            {
                var x = T.Load(block.X + run);
                var y = T.Load(block.Y + run);
                var u = T.MultiplyAdd(x, c, y * s);
                var v = T.SubtractProduct(y * c, x, s);
                var q = v * v;
                if (TRecorder.Records && step > 0) recorder.Record(ref valley, run, u, q);

                var (along, across) = valley.Gradient(u, q);
                across *= v;
                var gx = T.SubtractProduct(along * c, across, s);
                var gy = T.MultiplyAdd(along, s, across * c);
                gx = T.MultiplyAdd(gx, T.Widen(noise + run), gx);
                gy = T.MultiplyAdd(gy, T.Widen(noise + stride + run), gy);

                var p = new Pair<T>(x, y);
                var s0 = new Pair<T>(T.Load(block.X0 + run), T.Load(block.Y0 + run));
                var s1 = new Pair<T>(T.Load(block.X1 + run), T.Load(block.Y1 + run));
                rule.Step(
                    ref p, ref s0, ref s1, new Pair<T>(gx, gy), Pair<T>.Of(T.Load(block.Rate + run)), Pair<T>.Of(T.Load(block.Keep + run)),
                    Pair<T>.Of(first), Pair<T>.Of(second));
                p.First.Store(block.X + run);
                p.Second.Store(block.Y + run);
                s0.First.Store(block.X0 + run);
                s0.Second.Store(block.Y0 + run);
                s1.First.Store(block.X1 + run);
                s1.Second.Store(block.Y1 + run);
            }
            noise += 2 * stride;
        }
    }
}
