using System.Globalization;
using Focus;
using Spectre.Console;

namespace ToyLandscapes;

/// <summary>The critical noise, above which Signum beats Adam, by sharpness.</summary>
internal static class Boundary
{
    private const int Adam = 0, Signum = 2;

    /// <summary>How far around a sharpness rows are taken to read the boundary off, in decades; single rows scatter.</summary>
    private const double Reach = 0.25;

    private static readonly double[] Sharpness = [0.1, 1, 10, 100];

    /// <summary>Writes the critical noise of each row, and prints and writes that at some values of sharpness.</summary>
    public static void Report(Session session, PhaseDiagram diagram)
    {
        (double Sharpness, double Noise)[] rows =
        [
            .. Enumerable.Range(0, diagram.Grid.Rows.Count).Where(row => diagram.Scores(row, 0) is not null)
                .Select(row => (diagram.Grid.Rows[row], diagram.CriticalNoise(row, Adam, Signum))),
        ];
        Write(session, "figure-2a-boundary.csv", rows);
        if (rows.Length < 2) return;

        (double Sharpness, double Noise)[] fits = [.. Sharpness.Select(value => (value, Fit(rows, value)))];
        Write(session, "figure-2a-critical-noise.csv", fits);
        var table = new Table().AddColumn("Sharpness").AddColumn("Signum beats Adam above noise");
        foreach (var (sharpness, noise) in fits)
            table.AddRow(sharpness.ToString(CultureInfo.InvariantCulture), noise.ToString("F2", CultureInfo.InvariantCulture));
        AnsiConsole.Write(table);
    }

    /// <summary>The critical noise at a sharpness, on the line through those of the rows around it (at least two), by log
    /// sharpness.</summary>
    private static double Fit((double Sharpness, double Noise)[] rows, double sharpness)
    {
        var byDistance = rows.Select(row => (X: Math.Log10(row.Sharpness / sharpness), row.Noise)).OrderBy(row => Math.Abs(row.X)).ToArray();
        var near = byDistance.Take(Math.Max(2, byDistance.Count(row => Math.Abs(row.X) <= Reach))).ToArray();
        var (x, y) = (near.Average(row => row.X), near.Average(row => row.Noise));
        var slope = near.Sum(row => (row.X - x) * (row.Noise - y)) / near.Sum(row => (row.X - x) * (row.X - x));
        return y - slope * x;
    }

    private static void Write(Session session, string file, (double Sharpness, double Noise)[] rows) =>
        CsvFile.Write(session.PathOf(file), ["sharpness", "critical_noise"], rows.Select(row => (double[])[row.Sharpness, row.Noise]));
}
