namespace Focus.Benchmarks;

/// <summary>A step of the toy-landscape engine on one core, for each optimizer.</summary>
internal static class LandscapeSuite
{
    private const double Budget = 1;

    private static readonly LandscapeCell Cell = new(Sharpness: 10, Noise: 1.5);

    public static void Run(Report report)
    {
        var options = new LandscapeSimulator.Options();
        foreach (var optimizer in options.Optimizers)
        {
            var nanoseconds = StepNanoseconds(options with { Optimizers = [optimizer] });
            report.Add($"landscape_step_ns_{optimizer.Name.ToLowerInvariant()}", nanoseconds, "ns");
        }
    }

    private static double StepNanoseconds(LandscapeSimulator.Options options)
    {
        var simulator = new LandscapeSimulator(options);
        var outcomes = new double[options.OutcomesPerCell];
        var seconds = SideBySide.Medians(Budget, SideBySide.Repeat(() => simulator.Simulate(Cell, outcomes)));
        return 1e9 * seconds[0] / ((double)options.OutcomesPerCell * options.Steps);
    }
}
