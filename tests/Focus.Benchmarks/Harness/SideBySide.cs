using System.Diagnostics;

namespace Focus.Benchmarks.Harness;

/// <summary>Times alternatives in turn, round after round, so that what disturbs the machine disturbs them all.</summary>
/// <remarks>
/// A turn repeats the work for a while and begins with an unmeasured part, and a pause lets the other side's threads fall asleep first: OpenMP threads
/// spin for milliseconds after their last task, on cores that the next turn needs.
/// </remarks>
internal static class SideBySide
{
    private const double TurnSeconds = 0.05;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <summary>An alternative in this process.</summary>
    public static Func<int, double> Repeat(Action action) => repeats =>
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < repeats; i++) action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    };

    /// <summary>The median seconds of one repeat of each alternative over rounds that fill about <paramref name="budget"/> seconds, after warm-up.</summary>
    /// <param name="budget">Seconds in all.</param>
    /// <param name="alternatives">Each does its work the given number of times and returns the seconds that took.</param>
    public static double[] Medians(double budget, params Func<int, double>[] alternatives)
    {
        var repeats = alternatives.Select(WarmUp).ToArray();
        var times = alternatives.Select(_ => new List<double>()).ToArray();
        var clock = Stopwatch.StartNew();
        for (var round = 0; round < 5 || clock.Elapsed.TotalSeconds < budget; round++)
            for (var i = 0; i < alternatives.Length; i++)
            {
                Thread.Sleep(Pause);
                alternatives[i](1 + repeats[i] / 5);
                times[i].Add(alternatives[i](repeats[i]) / repeats[i]);
            }
        return [.. times.Select(Median)];
    }

    /// <summary>Lets tiered compilation settle, and returns how many repeats make a turn.</summary>
    private static int WarmUp(Func<int, double> alternative)
    {
        for (var calls = 1; calls <= 64; calls *= 2)
        {
            var seconds = alternative(calls) / calls;
            if (seconds * calls > 1) break;
        }
        Thread.Sleep(200);
        return Math.Max(1, (int)(TurnSeconds / (alternative(8) / 8)));
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
