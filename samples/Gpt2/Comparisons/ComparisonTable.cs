using System.Globalization;
using Focus;
using Spectre.Console;
using static System.FormattableString;

namespace Gpt2Sample;

/// <summary>The last losses, and the steps and the time to given losses.</summary>
internal static class ComparisonTable
{
    private const double Spacing = 0.1;
    private const int Targets = 3;

    /// <summary>Losses to measure the way to: three round ones that the best contender reaches.</summary>
    public static double[] RoundLosses(IEnumerable<Outcome> outcomes)
    {
        var best = outcomes.Min(outcome => outcome.FinalLoss);
        if (!double.IsFinite(best)) return [];
        var lowest = Math.Ceiling(best / Spacing) * Spacing;
        return [.. Enumerable.Range(0, Targets).Select(i => Math.Round(lowest + (Targets - 1 - i) * Spacing, 10))];
    }

    /// <summary>Prints means over seeds.</summary>
    public static void Print(IReadOnlyList<Outcome> outcomes, IReadOnlyList<double> losses)
    {
        var table = new Table().AddColumn("Run").AddColumn(Right("seeds")).AddColumn(Right("last loss"));
        foreach (var loss in losses) table.AddColumn(Right(Invariant($"to {loss:0.###}: steps"))).AddColumn(Right("time"));
        foreach (var outcome in outcomes)
        {
            var ways = losses.SelectMany(loss => MeanWay(outcome, loss));
            table.AddRow([outcome.Contender.Label, $"{outcome.Runs.Count}", Last(outcome), .. ways]);
        }
        AnsiConsole.Write(table);
    }

    /// <summary>Writes a line for each run.</summary>
    public static void Write(string path, IReadOnlyList<Outcome> outcomes, IReadOnlyList<double> losses) => AtomicFile.Write(path, stream =>
    {
        using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
        writer.WriteLine(string.Join(',', ["run", "seed", "steps", "last_loss", "best_loss", .. losses.SelectMany(Columns)]));
        foreach (var outcome in outcomes)
            foreach (var (seed, result, curve) in outcome.Runs)
                writer.WriteLine(string.Join(',',
                [
                    outcome.Contender.Name, $"{seed}", $"{result.Steps}",
                    Number(result.ValidationLoss ?? result.TrainLoss), Number(result.BestValidationLoss),
                    .. losses.SelectMany(loss => Way(curve, loss)),
                ]));
    });

    private static TableColumn Right(string title) => new TableColumn(title).RightAligned();

    private static string Last(Outcome outcome) => !double.IsFinite(outcome.FinalLoss) ? "diverged"
        : outcome.Runs.Count == 1 ? Invariant($"{outcome.FinalLoss:F4}") : Invariant($"{outcome.FinalLoss:F4} ± {outcome.FinalSpread:F4}");

    private static string[] Way(LossCurve curve, double loss) =>
        [Number(curve.FallsTo(curve.Steps, loss)), Number(curve.FallsTo(curve.Seconds, loss))];

    private static string[] MeanWay(Outcome outcome, double loss)
    {
        var steps = outcome.Runs.Select(run => run.Curve.FallsTo(run.Curve.Steps, loss)).ToArray();
        var seconds = outcome.Runs.Select(run => run.Curve.FallsTo(run.Curve.Seconds, loss)).ToArray();
        // A mean over the runs that get there would flatter those of which few do.
        return steps.Contains(null) ? ["–", "–"] : [Invariant($"{steps.Average():F0}"), Invariant($"{seconds.Average():F0} s")];
    }

    private static string[] Columns(double loss) => [Invariant($"steps_to_{loss}"), Invariant($"seconds_to_{loss}")];

    private static string Number(double? value) => value?.ToString("R", CultureInfo.InvariantCulture) ?? "";
}
