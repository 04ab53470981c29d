using System.Globalization;
using Focus;
using Samples;
using ScottPlot;
using Spectre.Console;

namespace ToyLandscapes;

/// <summary>Figures 2a, 2b, 5, 6a and 6b: which optimizer reaches the lowest loss, by noise and by sharpness or weight decay.</summary>
internal static class PhaseDiagrams
{
    /// <summary>Rows within this many decades of a sharpness decide its critical noise; single rows scatter.</summary>
    private const double Reach = 0.25;

    private static readonly double[] ReportedSharpness = [0.1, 1, 10, 100];

    public static void Draw(Session session, string figure)
    {
        var title = figure switch
        {
            "2a" => "Lowest loss by sharpness and noise",
            "2b" => "Lowest loss by weight decay and noise",
            "6a" => "Without rotation",
            _ => "In 100 dimensions",
        };
        Publish([Run(session, figure)], diagrams =>
        {
            diagrams[0].WriteCsv(session.PathOf($"figure-{figure}.csv"));
            session.Save($"figure-{figure}", [Plot(diagrams[0], title, [.. Enumerable.Range(0, diagrams[0].Optimizers.Count)], diagrams[0].Winner)]);
            if (figure == "2a") ReportBoundary(session, diagrams[0]);
        });
    }

    /// <summary>Figure 5: the optimizers two by two, on the data of figures 2a and 2b.</summary>
    public static void DrawPairs(Session session) => Publish([Run(session, "2a"), Run(session, "2b")], diagrams =>
    {
        var count = diagrams[0].Optimizers.Count;
        var pairs = Enumerable.Range(0, count)
            .SelectMany(first => Enumerable.Range(first + 1, count - first - 1).Reverse(), (first, second) => (First: first, Second: second)).ToArray();
        var plots =
            from diagram in diagrams
            from pair in pairs
            select Plot(
                diagram, $"{diagram.Optimizers[pair.First]} or {diagram.Optimizers[pair.Second]}", [pair.First, pair.Second],
                (row, column) => diagram.Winner(row, column, pair.First, pair.Second));
        session.Save("figure-5", [.. plots], pairs.Length);
    });

    /// <summary>Simulates the rows that are missing.</summary>
    private static PhaseScan Run(Session session, string figure)
    {
        var decay = PhaseGrid.WeightDecayAndNoise();
        var extremes = session.Simulation with { Recording = RunRecording.Extremes };
        var (grid, simulation, published) = figure switch // The last is the name of the published raw losses.
        {
            "2a" => (PhaseGrid.SharpnessAndNoise(), session.Simulation, "syn-exp-7"),
            "2b" => (decay, extremes, "syn-exp-6"),
            "6a" => (decay, extremes with { Angle = 0 }, "syn-exp-6"),
            _ => (decay, extremes with { Dimensions = 100 }, "syn-exp-6"),
        };
        grid = grid.Every(session.Resolution);
        session.Shard.Of(grid.Rows.Count, "rows"); // Reports a shard that does not fit before the folder is written to.
        var scan = new PhaseScan(new LandscapeSimulator(simulation), grid, session.PathOf($"figure-{figure}"), published);
        Bars.Show(bars =>
        {
            var bar = bars.Add<ScanProgress>(
                $"Figure {figure}", state => (state.Cells, state.TotalCells, $"{state.Cells} of {state.TotalCells} cells"));
            scan.Run(session.Shard, bar, cancellation: session.Cancellation);
            return scan;
        });
        Console.WriteLine($"Figure {figure}: {scan.FinishedRows} of {grid.Rows.Count} rows of {grid.Noise.Count} cells are finished.");
        return scan;
    }

    private static void Publish(PhaseScan[] scans, Action<PhaseDiagram[]> write) => Publishing.Publish(
        () => scans.Sum(scan => scan.FinishedRows), () => write(Array.ConvertAll(scans, scan => scan.Score())));

    private static Plot Plot(PhaseDiagram diagram, string title, int[] optimizers, Func<int, int, int> winner)
    {
        var x = new Axis("gradient noise σ");
        var y = diagram.Grid.Axis == PhaseAxis.Sharpness ? new Axis("sharpness a", LogBase: 10) : new Axis("weight decay ω");
        var plot = Figures.Plot(title, x, y);
        var colors = Figures.ColorsOf(diagram.Optimizers);
        plot.Map(
            x, y, diagram.Grid.Noise, diagram.Grid.Rows, Array.ConvertAll(optimizers, optimizer => (diagram.Optimizers[optimizer], colors[optimizer])),
            (row, column) => Array.IndexOf(optimizers, winner(row, column)));
        return plot;
    }

    /// <summary>Writes the critical noise, above which Signum beats Adam, of each row, and prints it at some values of sharpness.</summary>
    private static void ReportBoundary(Session session, PhaseDiagram diagram)
    {
        string[] optimizers = [.. diagram.Optimizers];
        var (adam, signum) = (Array.IndexOf(optimizers, "Adam"), Array.IndexOf(optimizers, "Signum"));
        if (adam < 0 || signum < 0) return;
        var rows = Enumerable.Range(0, diagram.Grid.Rows.Count).Where(row => diagram.Scores(row, 0) is not null)
            .Select(row => (Sharpness: diagram.Grid.Rows[row], Noise: diagram.CriticalNoise(row, adam, signum))).ToArray();
        Write("figure-2a-boundary.csv", rows);
        if (rows.Length < 2) return;

        var fits = Array.ConvertAll(ReportedSharpness, sharpness => (Sharpness: sharpness, Noise: FitNoise(rows, sharpness)));
        Write("figure-2a-critical-noise.csv", fits);
        var table = new Table().AddColumn("Sharpness").AddColumn("Signum beats Adam above noise");
        foreach (var (sharpness, noise) in fits)
            table.AddRow(sharpness.ToString(CultureInfo.InvariantCulture), noise.ToString("F2", CultureInfo.InvariantCulture));
        AnsiConsole.Write(table);

        void Write(string file, (double Sharpness, double Noise)[] points) =>
            CsvFile.Write(session.PathOf(file), ["sharpness", "critical_noise"], points.Select(point => (double[])[point.Sharpness, point.Noise]));
    }

    /// <summary>The critical noise at a sharpness, on the line through those of the rows around it (at least two), over log sharpness.</summary>
    private static double FitNoise((double Sharpness, double Noise)[] rows, double sharpness)
    {
        var byDistance = rows.Select(row => (X: Math.Log10(row.Sharpness / sharpness), row.Noise)).OrderBy(row => Math.Abs(row.X)).ToArray();
        var near = byDistance.Take(Math.Max(2, byDistance.Count(row => Math.Abs(row.X) <= Reach))).ToArray();
        var (x, y) = (near.Average(row => row.X), near.Average(row => row.Noise));
        var slope = near.Sum(row => (row.X - x) * (row.Noise - y)) / near.Sum(row => (row.X - x) * (row.X - x));
        return y - slope * x;
    }
}
