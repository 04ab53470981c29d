using Focus;
using Samples;
using ScottPlot;
using static System.FormattableString;

namespace ToyLandscapes;

/// <summary>A run of the program: where results go, and with which settings.</summary>
internal sealed record Session(string Folder, int Resolution, Shard Shard, LandscapeSimulator.Options Simulation, CancellationToken Cancellation)
{
    private static readonly Color[] OtherColors =
        [Figures.Green, Figures.Red, Figures.Ink, Figures.Grey, Colors.Purple, Colors.Teal, Colors.Brown, Colors.Pink];

    public string PathOf(string file) => Path.Combine(Folder, file);

    public void Save(string name, IReadOnlyList<Plot> plots, int? columns = null)
    {
        Figures.Save(PathOf(name), plots, columns);
        Console.WriteLine($"Figure: {PathOf(name)}.svg, .png");
    }

    /// <summary>The colour of an optimizer: the paper's, or that of its number.</summary>
    public static Color ColorOf(string optimizer, int number = 0) => optimizer switch
    {
        "Adam" => Figures.Orange,
        "FOCUS" => Figures.Blue,
        "Signum" => Figures.Yellow,
        _ => OtherColors[number % OtherColors.Length],
    };
}

/// <summary>Figure 1c: a run of Adam and one of Signum on the contours of a noisy valley, each at its best learning rate there.</summary>
internal static class Paths
{
    private static readonly LandscapeCell Cell = new(Sharpness: 10, Noise: 2);

    public static void Draw(Session session)
    {
        var simulator = new LandscapeSimulator(session.Simulation with { Optimizers = [LandscapeOptimizer.Adam(), LandscapeOptimizer.Signum()] });
        var scores = simulator.Simulate(Cell, session.Cancellation).Scores;
        var paths = scores.Select((score, i) => simulator.Trace(Cell, i, score.LearningRate)).ToArray();

        string[] columns = [.. scores.SelectMany(score => new[] { "u", "v", "loss" }, (score, value) => $"{score.Optimizer}_{value}")];
        var rows = Enumerable.Range(0, simulator.Settings.Steps + 1)
            .Select(step => (double[])[step, .. paths.SelectMany(path => new[] { path.U[step], path.V[step], path.Loss[step] })]);
        CsvFile.Write(session.PathOf("figure-1c.csv"), ["step", .. columns], rows);

        double[] us = [.. paths.SelectMany(path => path.U)], vs = [.. paths.SelectMany(path => path.V)];
        var area = new CoordinateRect(us.Min(), us.Max(), 1.1 * vs.Min(), 1.1 * vs.Max());
        session.Save("figure-1c", [.. scores.Zip(paths, (score, path) => Plot(area, score, path))]);
    }

    private static Plot Plot(CoordinateRect area, OptimizerScore score, LandscapePath path)
    {
        Axis x = new("u, along the valley"), y = new("v, across the valley");
        var plot = Figures.Plot(Invariant($"Sharpness {Cell.Sharpness}, noise {Cell.Noise}"), x, y);
        var lowest = Landscape.NarrowingValley.Loss(Cell, area.Right, 0);
        plot.Contours(area, Grid.LinSpace(lowest, -lowest, 31), (u, v) => Landscape.NarrowingValley.Loss(Cell, u, v));
        plot.Curve("", Figures.Ink, x, y, path.U, path.V).LineWidth = 2; // A dark rim: bright colours alone would fade on white.
        var name = Invariant($"{score.Optimizer}, η = {score.LearningRate:G2}");
        plot.Curve(name, Session.ColorOf(score.Optimizer), x, y, path.U, path.V).LineWidth = 1.2f;
        return plot;
    }
}

/// <summary>Figure 4: the mean loss of Adam and of FOCUS over 3000 steps, and what the distance from the valley's axis adds to it.</summary>
internal static class LossCurves
{
    private const double LearningRate = 0.005;

    private static readonly LandscapeCell Cell = new(Sharpness: 10, Noise: 2, WeightDecay: 0.1);

    public static void Draw(Session session)
    {
        var simulator = new LandscapeSimulator(
            session.Simulation with { Optimizers = [LandscapeOptimizer.Adam(), LandscapeOptimizer.Focus()], Steps = 3000 });
        string[] names = [.. simulator.Settings.Optimizers.Select(optimizer => optimizer.Name)];
        var runs = names.Select((_, optimizer) => Trace(simulator, optimizer, session.Cancellation)).ToArray();
        var losses = runs.Select(paths => Mean(paths, path => path.Loss)).ToArray();
        var onAxis = runs.Select(paths => Mean(paths, path => Array.ConvertAll(path.U, u => Landscape.NarrowingValley.Loss(Cell, u, 0)))).ToArray();

        double[] steps = [.. Enumerable.Range(0, simulator.Settings.Steps + 1).Select(step => (double)step)];
        CsvFile.Write(
            session.PathOf("figure-4.csv"), ["step", .. names.SelectMany(name => new[] { $"{name}_loss", $"{name}_loss_on_axis" })],
            steps.Select((step, i) => (double[])[step, .. names.SelectMany((_, k) => new[] { losses[k][i], onAxis[k][i] })]));

        // Runs start on the valley's axis, where the excess is zero.
        Axis x = new("step"), y = new("mean loss L(u, v)"), excess = new("L(u, v) − L(u, 0)", LogBase: 10, Minimum: 1e-4);
        var left = Figures.Plot(Invariant($"Learning rate {LearningRate}, sharpness {Cell.Sharpness}, noise {Cell.Noise}"), x, y);
        var right = Figures.Plot("What distance from the axis adds", x, excess);
        foreach (var (k, name) in names.Index())
        {
            left.Curve(name, Session.ColorOf(name), x, y, steps, losses[k]);
            right.Curve(name, Session.ColorOf(name), x, excess, steps, [.. losses[k].Zip(onAxis[k], (loss, floor) => loss - floor)]);
        }
        session.Save("figure-4", [left, right]);
    }

    private static LandscapePath[] Trace(LandscapeSimulator simulator, int optimizer, CancellationToken cancellation)
    {
        var paths = new LandscapePath[simulator.Settings.Replicates];
        Parallel.For(0, paths.Length, new ParallelOptions { CancellationToken = cancellation },
            replicate => paths[replicate] = simulator.Trace(Cell, optimizer, LearningRate, replicate));
        return paths;
    }

    private static double[] Mean(LandscapePath[] paths, Func<LandscapePath, double[]> select)
    {
        var curves = Array.ConvertAll(paths, path => select(path));
        return [.. Enumerable.Range(0, curves[0].Length).Select(step => curves.Average(curve => curve[step]))];
    }
}

/// <summary>The theory section: the regret of FOCUS on streams of convex losses, and its bound.</summary>
internal static class RegretCurves
{
    private const int Points = 120;

    public static void Draw(Session session) => session.Save("theory", [.. Enum.GetValues<LossStream>().Select(losses => Plot(session, losses))]);

    private static Plot Plot(Session session, LossStream losses)
    {
        session.Cancellation.ThrowIfCancellationRequested();
        var settings = new RegretSettings { Losses = losses, Seed = session.Simulation.Seed };
        var regret = Regret.Measure(settings);
        int[] steps = [.. Grid.LogSpace(1, settings.Steps, Points).Select(step => (int)Math.Round(step)).Distinct()];
        double[] times = Array.ConvertAll(steps, step => (double)step);
        double[] measured = Array.ConvertAll(steps, step => regret[step - 1]), bound = Array.ConvertAll(steps, step => Regret.Bound(settings, step));
        CsvFile.Write(
            session.PathOf($"theory-{losses.ToString().ToLowerInvariant()}.csv"), ["losses", "regret", "bound"],
            steps.Select((step, i) => (double[])[step, measured[i], bound[i]]));

        Axis x = new("losses T", LogBase: 10), y = new("regret R(T)", LogBase: 10);
        var plot = Figures.Plot(Invariant($"{losses} losses in {settings.Dimensions} dimensions"), x, y);
        plot.Curve("bound", Figures.Ink, x, y, times, bound).LinePattern = LinePattern.Dashed;
        plot.Curve("FOCUS, measured", Figures.Blue, x, y, times, measured);
        return plot;
    }
}
