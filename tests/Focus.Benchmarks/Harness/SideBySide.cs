using System.Diagnostics;

namespace Focus.Benchmarks.Harness;

/// <summary>Times alternatives in turn, round after round, so that what disturbs the machine disturbs them all.</summary>
internal static class SideBySide
{
    /// <summary>The seconds one call takes.</summary>
    public static double Time(Action action)
    {
        var start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>The median seconds of each alternative over rounds that fill about <paramref name="budget"/> seconds, after warm-up.</summary>
    /// <param name="budget">Seconds in all.</param>
    /// <param name="alternatives">Each does its work once and returns the seconds it took.</param>
    public static double[] Medians(double budget, params Func<double>[] alternatives)
    {
        // Tiered compilation needs some thirty calls and a moment to settle; slow alternatives settle sooner.
        var clock = Stopwatch.StartNew();
        var round = 0;
        for (; round < 3 || (round < 60 && clock.Elapsed.TotalSeconds < budget / 4); round++)
            foreach (var alternative in alternatives) alternative();

        var times = alternatives.Select(_ => new List<double>()).ToArray();
        clock.Restart();
        for (round = 0; round < 5 || (round < 5000 && clock.Elapsed.TotalSeconds < budget); round++)
            for (var i = 0; i < alternatives.Length; i++) times[i].Add(alternatives[i]());
        return [.. times.Select(Median)];
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
