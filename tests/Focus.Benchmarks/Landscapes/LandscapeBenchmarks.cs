using System.Diagnostics;

namespace Focus.Benchmarks;

/// <summary>The speed of the toy-landscape engine: per optimizer and vector width on one core, and of a whole figure on all cores.</summary>
internal static class LandscapeBenchmarks
{
    private const double Seconds = 1.0;

    private static readonly LandscapeCell Cell = new(Sharpness: 10, Noise: 1.5);

    /// <summary>Takes a name, a value and its unit.</summary>
    public delegate void Report(string name, double value, string unit);

    /// <summary>Measures everything but the whole figure, in about half a minute.</summary>
    public static void Run(Report report)
    {
        foreach (var width in Enum.GetValues<VectorWidth>().Where(width => width != VectorWidth.Widest)) RunWidth(report, width, NoiseMode.Independent);
        RunWidth(report, VectorWidth.Widest, NoiseMode.Common);
        report("landscape_ns_per_step", RunWidth(report, VectorWidth.Widest, NoiseMode.Independent), "ns");
    }

    /// <summary>Simulates every <paramref name="stride"/>-th row of figure 2a on all cores and reports the time of the whole figure.</summary>
    public static void RunFigure2a(Report report, int stride = 1)
    {
        var simulator = new LandscapeSimulator(new());
        var grid = PhaseGrid.SharpnessAndNoise();
        grid = grid with { Rows = [.. grid.Rows.Where((_, row) => row % stride == 0)] };
        var folder = Directory.CreateTempSubdirectory("figure-2a").FullName;
        try
        {
            var clock = Stopwatch.StartNew();
            new PhaseScan(simulator, grid, folder).Run(Shard.Whole);
            var whole = 96.0 / grid.Rows.Count;
            report("figure_2a_seconds", clock.Elapsed.TotalSeconds * whole, "s");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The mean over the three optimizers of nanoseconds per step on one core.</summary>
    private static double RunWidth(Report report, VectorWidth width, NoiseMode mode)
    {
        var options = new LandscapeSimulator.Options { VectorWidth = width, NoiseMode = mode };
        var times = options.Optimizers.ToDictionary(optimizer => optimizer.Name, optimizer => Measure(options with { Optimizers = [optimizer] }));
        foreach (var (name, nanoseconds) in times)
            report($"landscape_steps_per_second_{name}_{width}_{mode}".ToLowerInvariant(), 1e9 / nanoseconds, "steps/s/core");
        return times.Values.Average();
    }

    private static double Measure(LandscapeSimulator.Options options)
    {
        var simulator = new LandscapeSimulator(options);
        var outcomes = new double[options.OutcomesPerCell];
        var best = double.MaxValue;
        for (var total = Stopwatch.StartNew(); total.Elapsed.TotalSeconds < Seconds;)
        {
            var clock = Stopwatch.StartNew();
            simulator.Simulate(Cell, outcomes);
            best = Math.Min(best, clock.Elapsed.TotalNanoseconds);
        }
        return best / ((double)options.OutcomesPerCell * options.Steps);
    }
}
