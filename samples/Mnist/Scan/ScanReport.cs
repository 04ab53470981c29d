using System.Globalization;
using Focus;
using Spectre.Console;

namespace Mnist;

/// <summary>What a scan found: arrays as published, tables, figures and a summary on the console.</summary>
internal static class ScanReport
{
    private const string ArrayPrefix = "scan-18";

    /// <summary>Writes everything that is finished.</summary>
    public static void Write(ScanResults results, string folder)
    {
        results.WriteArrays(folder, ArrayPrefix);
        results.WriteCsv(Path.Combine(folder, "best.csv"), Metric.TestLoss);
        var scores = new ScoreTable(results);
        foreach (var (name, figure) in BatchSizeFigures.Of(scores))
        {
            figure.SaveSvg(Path.Combine(folder, $"{name}.svg"));
            figure.SavePng(Path.Combine(folder, $"{name}.png"));
        }
    }

    /// <summary>Prints the best mean test loss of each finished point, and the learning rate it was reached with.</summary>
    public static void Print(ScanResults results, string folder)
    {
        var scores = new ScoreTable(results);
        var table = new Table().AddColumn(new TableColumn("Batch").RightAligned());
        foreach (var name in results.Plan.Trainers) table.AddColumn(PaperOptimizers.Label(name));
        for (var size = 0; size < results.Plan.BatchSizes.Count; size++)
        {
            var cells = Enumerable.Range(0, results.Plan.Trainers.Count).Select(trainer => Cell(scores[trainer, size]));
            table.AddRow([results.Plan.BatchSizes[size].ToString(CultureInfo.InvariantCulture), .. cells]);
        }
        AnsiConsole.Write(table);
        AnsiConsole.MarkupLineInterpolated(
            $"{results.FinishedRuns} of {results.Plan.RunCount} runs are finished, {results.DivergedRuns} of them diverged. Results: {Path.GetFullPath(folder)}");
    }

    private static string Cell(ScanScore? score) => score switch
    {
        null => "",
        { FirstRun: < 0 } => "diverged",
        { } best => string.Create(CultureInfo.InvariantCulture, $"{best.Mean:F4} ± {best.StandardDeviation:F4} at {best.LearningRate:G2}"),
    };
}
