using Focus;

namespace ToyLandscapes;

/// <summary>Figure 4: the mean loss of Adam and of FOCUS over 3000 steps, and what it would be on the valley's axis.</summary>
internal static class CurvesFigure
{
    private const double LearningRate = 0.005;

    /// <summary>Where the axis of what distance adds begins; runs start on the valley's axis.</summary>
    private const double FirstExcess = 1e-4;

    private static readonly LandscapeCell Cell = new(Sharpness: 10, Noise: 2, WeightDecay: 0.1);

    public static void Make(Session session)
    {
        var simulator = new LandscapeSimulator(session.Simulation with
        {
            Optimizers = [LandscapeOptimizer.Adam(), LandscapeOptimizer.Focus()],
            Steps = 3000,
        });
        string[] names = [.. simulator.Settings.Optimizers.Select(optimizer => optimizer.Name)];
        var runs = names.Select((_, optimizer) => Trace(simulator, optimizer, session.Cancellation)).ToArray();
        var losses = runs.Select(paths => Mean(paths, path => path.Loss)).ToArray();
        var floors = runs.Select(paths => Mean(paths, LossOnAxis)).ToArray();

        double[] steps = [.. Enumerable.Range(0, simulator.Settings.Steps + 1).Select(step => (double)step)];
        CsvFile.Write(
            session.PathOf("figure-4.csv"), ["step", .. names.SelectMany(name => new[] { $"{name}_loss", $"{name}_loss_on_axis" })],
            steps.Select((step, i) => (double[])[step, .. names.SelectMany((_, k) => new[] { losses[k][i], floors[k][i] })]));
        session.Save(new Figure(Losses(names, steps, losses), Excess(names, steps, losses, floors)), "figure-4");
    }

    private static LandscapePath[] Trace(LandscapeSimulator simulator, int optimizer, CancellationToken cancellation)
    {
        var paths = new LandscapePath[simulator.Settings.Replicates];
        Parallel.For(0, paths.Length, new ParallelOptions { CancellationToken = cancellation },
            replicate => paths[replicate] = simulator.Trace(Cell, optimizer, LearningRate, replicate));
        return paths;
    }

    private static double[] LossOnAxis(LandscapePath path) => Array.ConvertAll(path.U, u => Landscape.NarrowingValley.Loss(Cell, u, 0));

    private static double[] Mean(LandscapePath[] paths, Func<LandscapePath, double[]> select)
    {
        var curves = Array.ConvertAll(paths, path => select(path));
        return [.. Enumerable.Range(0, curves[0].Length).Select(step => curves.Average(curve => curve[step]))];
    }

    private static Plot Losses(string[] names, double[] steps, double[][] losses) =>
        new(new("step", 0, steps[^1]), FigureAxis.Over("mean loss L(u, v)", losses.SelectMany(curve => curve)))
        {
            Title = FormattableString.Invariant($"Learning rate {LearningRate}, sharpness {Cell.Sharpness}, noise {Cell.Noise}"),
            Layers = [.. losses.Select((loss, i) => Curve(names[i], steps, loss))],
        };

    private static Plot Excess(string[] names, double[] steps, double[][] losses, double[][] floors)
    {
        var excess = losses.Select((loss, i) => loss.Zip(floors[i], (total, floor) => total - floor).ToArray()).ToArray();
        var shown = excess.SelectMany(curve => curve.Where(value => value > FirstExcess));
        return new(new("step", 0, steps[^1]), FigureAxis.Over("L(u, v) − L(u, 0)", shown, logarithmic: true))
        {
            Title = "What distance from the axis adds",
            Layers = [.. excess.Select((curve, i) => Curve(names[i], steps, curve))],
        };
    }

    private static Curve Curve(string name, double[] steps, double[] values) =>
        new(steps, values, PhasePlots.ColorOf(name)) { Label = name, Width = 1.2 };
}
