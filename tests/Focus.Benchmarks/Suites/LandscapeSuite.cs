using System.Diagnostics;
using Focus.Benchmarks.Baselines;
using Focus.Benchmarks.Harness;

namespace Focus.Benchmarks.Suites;

/// <summary>The toy-landscape engine: per optimizer and vector width on one core, a whole figure on all cores, and a NumPy loop for
/// scale.</summary>
internal sealed class LandscapeSuite : ISuite
{
    private const double Seconds = 1.0;

    private static readonly LandscapeCell Cell = new(Sharpness: 10, Noise: 1.5);

    public string Name => "landscapes";

    public void Run(BenchmarkReport report)
    {
        foreach (var width in Enum.GetValues<VectorWidth>().Where(width => width != VectorWidth.Widest)) RunWidth(report, width, NoiseMode.Independent);
        RunWidth(report, VectorWidth.Widest, NoiseMode.Common);
        report.Add("landscape_ns_per_step", RunWidth(report, VectorWidth.Widest, NoiseMode.Independent), "ns");
        RunFigure2a(report);

        using var python = PythonBaseline.TryStart("numpy_landscape.py", requires: "numpy");
        if (python is null) report.Note("no python3 with numpy: the NumPy loop is left out");
        else report.Add("numpy_ns_per_step", 1e9 * python.Ask(new { steps = 3000 }), "ns");
    }

    /// <summary>Figure 2a at paper resolution, on all cores, written to disk as the sample does.</summary>
    private static void RunFigure2a(BenchmarkReport report)
    {
        var folder = Directory.CreateTempSubdirectory("figure-2a").FullName;
        try
        {
            var clock = Stopwatch.StartNew();
            new PhaseScan(new LandscapeSimulator(new()), PhaseGrid.SharpnessAndNoise(), folder).Run(Shard.Whole);
            report.Add("figure_2a_seconds", clock.Elapsed.TotalSeconds, "s");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The mean over the three optimizers of nanoseconds per step on one core.</summary>
    private static double RunWidth(BenchmarkReport report, VectorWidth width, NoiseMode mode)
    {
        var options = new LandscapeSimulator.Options { VectorWidth = width, NoiseMode = mode };
        var times = options.Optimizers.ToDictionary(optimizer => optimizer.Name, optimizer => Measure(options with { Optimizers = [optimizer] }));
        foreach (var (name, nanoseconds) in times)
            report.Add($"landscape_steps_per_second_{name}_{width}_{mode}".ToLowerInvariant(), 1e9 / nanoseconds, "steps/s/core");
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
