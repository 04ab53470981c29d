using Focus;

namespace ToyLandscapes;

/// <summary>Figure 1c: a run of Adam and one of Signum on the contours of a noisy valley, each with the learning rate that suits it best
/// there.</summary>
internal static class PathsFigure
{
    private static readonly LandscapeCell Cell = new(Sharpness: 10, Noise: 2);

    public static void Make(Session session)
    {
        LandscapeOptimizer[] optimizers = [LandscapeOptimizer.Adam(), LandscapeOptimizer.Signum()];
        var simulator = new LandscapeSimulator(session.Simulation with { Optimizers = optimizers });
        var scores = simulator.Simulate(Cell, session.Cancellation).Scores;
        var paths = scores.Select((score, i) => simulator.Trace(Cell, i, score.LearningRate)).ToArray();

        string[] columns = [.. scores.SelectMany(score => new[] { "u", "v", "loss" }, (score, value) => $"{score.Optimizer}_{value}")];
        var rows = Enumerable.Range(0, simulator.Settings.Steps + 1)
            .Select(step => (double[])[step, .. paths.SelectMany(path => new[] { path.U[step], path.V[step], path.Loss[step] })]);
        CsvFile.Write(session.PathOf("figure-1c.csv"), ["step", .. columns], rows);
        var x = FigureAxis.Over("u, along the valley", paths.SelectMany(path => path.U));
        var y = FigureAxis.Over("v, across the valley", paths.SelectMany(path => path.V));
        session.Save(new Figure([.. paths.Select((path, i) => Draw(x, y, scores[i], path))]) { PlotHeight = 320 }, "figure-1c");
    }

    private static Plot Draw(FigureAxis x, FigureAxis y, OptimizerScore score, LandscapePath path)
    {
        var lowest = Landscape.NarrowingValley.Loss(Cell, x.Maximum, 0);
        var levels = Grid.LinSpace(lowest, -lowest, 31);
        var contours = new Contours((u, v) => Landscape.NarrowingValley.Loss(Cell, u, v), levels, _ => Palette.Grey);
        return new(x, y)
        {
            Title = FormattableString.Invariant($"Sharpness {Cell.Sharpness}, noise {Cell.Noise}"),
            Layers =
            [
                contours,
                // A dark rim: the bright colours alone would fade on white.
                new Curve(path.U, path.V, Palette.Ink) { Width = 2 },
                new Curve(path.U, path.V, PhasePlots.ColorOf(score.Optimizer))
                {
                    Label = FormattableString.Invariant($"{score.Optimizer}, η = {score.LearningRate:G2}"),
                    Width = 1.2,
                },
            ],
        };
    }
}
