using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>The loop over steps and runs in two dimensions, compiled for one vector width, valley, optimizer and recorder.</summary>
internal static unsafe class PlaneKernel
{
    /// <summary>Advances all runs of a block by <paramref name="count"/> steps, from step index <paramref name="start"/> on.</summary>
    /// <remarks>
    /// State lives in arrays in the first-level cache, not in registers: a step is a long chain of dependent operations, so many vectors must be
    /// under way at once, more than registers hold. <paramref name="noise"/> is ordered step, coordinate, run.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Advance<T, TValley, TRule, TRecorder>(
        PlaneBlock block, TValley valley, TRule rule, TRecorder recorder, double cosine, double sine,
        (double First, double Second)[] factors, float* noise, int stride, int start, int count)
        where T : struct, ILanes<T> where TValley : struct, IValley where TRule : struct, IRule where TRecorder : struct, IRecorder
    {
        var c = T.Broadcast(cosine);
        var s = T.Broadcast(sine);
        for (var step = start; step < start + count; step++)
        {
            var first = T.Broadcast(factors[step].First);
            var second = T.Broadcast(factors[step].Second);
            for (var run = 0; run < block.Runs; run += T.Count)
            {
                var x = T.Load(block.X + run);
                var y = T.Load(block.Y + run);
                var u = T.MultiplyAdd(x, c, y * s);
                var v = T.MultiplyAdd(y, c, -(x * s));
                var q = v * v;
                if (TRecorder.Records && step > 0) recorder.Record(valley, step, run, u, q);

                var (along, across) = valley.Gradient(u, q);
                across *= v;
                var gx = T.MultiplyAdd(along, c, -(across * s));
                var gy = T.MultiplyAdd(along, s, across * c);
                gx = T.MultiplyAdd(gx, T.Widen(noise + run), gx);
                gy = T.MultiplyAdd(gy, T.Widen(noise + stride + run), gy);

                var rate = T.Load(block.Rate + run);
                var keep = T.Load(block.Keep + run);
                var x0 = T.Load(block.X0 + run);
                var x1 = T.Load(block.X1 + run);
                rule.Step(ref x, ref x0, ref x1, gx, rate, keep, first, second);
                x.Store(block.X + run);
                x0.Store(block.X0 + run);
                x1.Store(block.X1 + run);

                var y0 = T.Load(block.Y0 + run);
                var y1 = T.Load(block.Y1 + run);
                rule.Step(ref y, ref y0, ref y1, gy, rate, keep, first, second);
                y.Store(block.Y + run);
                y0.Store(block.Y0 + run);
                y1.Store(block.Y1 + run);
            }
            noise += 2 * stride;
        }
    }
}
