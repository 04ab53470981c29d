using System.Diagnostics;

namespace Focus.Benchmarks;

/// <summary>Times alternatives in turn, round after round, so that what disturbs the machine disturbs them all.</summary>
/// <remarks>
/// A turn repeats short work for a while and begins with an unmeasured part, and a pause lets the other side's threads fall asleep first:
/// OpenMP threads spin for up to milliseconds after their last task, on cores that the next turn needs.
/// </remarks>
internal static class SideBySide
{
    private const double TurnSeconds = 0.05;
    private const int FewestRounds = 5;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <summary>An alternative in this process; what comes before each repeat is not measured.</summary>
    public static Func<int, double> Repeat(Action action, Action? before = null) => repeats =>
    {
        var seconds = 0.0;
        for (var i = 0; i < repeats; i++)
        {
            before?.Invoke();
            var start = Stopwatch.GetTimestamp();
            action();
            seconds += Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        return seconds;
    };

    /// <summary>The median seconds of one repeat of each alternative over rounds that fill the budget, after warm-up.</summary>
    /// <param name="budget">Seconds in all; a few rounds are taken however long they last.</param>
    /// <param name="alternatives">Each does its work the given number of times and returns the seconds that took.</param>
    public static double[] Medians(double budget, params Func<int, double>[] alternatives)
    {
        var repeats = alternatives.Select(WarmUp).ToArray();
        var times = alternatives.Select(_ => new List<double>()).ToArray();
        var clock = Stopwatch.StartNew();
        for (var round = 0; round < FewestRounds || clock.Elapsed.TotalSeconds < budget; round++)
            for (var i = 0; i < alternatives.Length; i++)
            {
                Thread.Sleep(Pause);
                alternatives[i](repeats[i] / 5);
                times[i].Add(alternatives[i](repeats[i]) / repeats[i]);
            }
        return [.. times.Select(Median)];
    }

    /// <summary>Lets tiered compilation and caches settle, and returns how many repeats make a turn.</summary>
    private static int WarmUp(Func<int, double> alternative)
    {
        var seconds = 0.0;
        for (var repeats = 1; repeats <= 64 && seconds * repeats < 2; repeats *= 2)
        {
            seconds = alternative(repeats) / repeats;
            Thread.Sleep(Pause);
        }
        return Math.Max(1, (int)(TurnSeconds / seconds));
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
