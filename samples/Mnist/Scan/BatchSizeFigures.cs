using Focus;

namespace Mnist;

/// <summary>Figures 2c and 2d of arXiv:2501.12243: what the optimizers reach, by batch size.</summary>
internal static class BatchSizeFigures
{
    private const string Reference = "adamw";
    private const double Margin = 5;

    private static readonly FigureColor[] Colors = [Palette.Blue, Palette.Green, Palette.Red, Palette.Ink];

    /// <summary>The figures with their files' names; 2d only where AdamW is among the optimizers and not alone.</summary>
    public static IEnumerable<(string Name, Figure Figure)> Of(ScoreTable scores)
    {
        yield return ("figure-2c", new Figure(Losses(scores)));
        var reference = scores.Plan.Trainers.ToList().IndexOf(Reference);
        if (reference >= 0 && scores.Plan.Trainers.Count > 1) yield return ("figure-2d", new Figure(Improvements(scores, reference)));
    }

    private static Plot Losses(ScoreTable scores)
    {
        var sizes = scores.BatchSizes();
        var curves = Optimizers(scores).Select(trainer => (
            Trainer: trainer, Means: scores.Over(trainer, score => score.Mean), Errors: scores.Over(trainer, score => score.StandardDeviation))).ToArray();
        var heights = curves.SelectMany(curve => curve.Means.Zip(curve.Errors).SelectMany(point =>
            (double[])[point.First, point.First + point.Second, point.First - point.Second]));
        return new(SizeAxis(sizes), FigureAxis.Over("best mean test loss", heights, logarithmic: true))
        {
            Title = "Test loss at the best learning rate",
            Layers = [.. curves.Select(curve => Draw(scores, curve.Trainer, sizes, curve.Means, curve.Errors))],
        };
    }

    private static Plot Improvements(ScoreTable scores, int reference)
    {
        var sizes = scores.BatchSizes();
        var losses = scores.Over(reference, score => score.Mean);
        var curves = Optimizers(scores).Where(trainer => trainer != reference).Select(trainer => (
            Trainer: trainer, Gains: losses.Zip(scores.Over(trainer, score => score.Mean), (adam, other) => 100 * (adam - other) / adam).ToArray())).ToArray();
        var x = SizeAxis(sizes);
        return new(x, FigureAxis.Over("improvement over AdamW (%)", curves.SelectMany(curve => curve.Gains).Concat([-Margin, Margin])))
        {
            Title = "Test loss compared with AdamW's",
            Layers =
            [
                new Curve([x.Minimum, x.Maximum], [0, 0], Palette.Grey) { Width = 1 },
                .. new[] { -Margin, Margin }.Select(level => new Curve([x.Minimum, x.Maximum], [level, level], Palette.Grey) { Width = 1, Dashed = true }),
                .. curves.Select(curve => Draw(scores, curve.Trainer, sizes, curve.Gains, [])),
            ],
        };
    }

    private static FigureAxis SizeAxis(double[] sizes) => FigureAxis.Over("batch size", sizes, logarithmic: true) with { LogarithmBase = 2 };

    private static IEnumerable<int> Optimizers(ScoreTable scores) => Enumerable.Range(0, scores.Plan.Trainers.Count);

    private static Curve Draw(ScoreTable scores, int trainer, double[] sizes, double[] values, double[] errors) =>
        new(sizes, values, ColorOf(scores.Plan, trainer))
        {
            Label = PaperOptimizers.Label(scores.Plan.Trainers[trainer]), Marks = true, Errors = errors,
        };

    /// <summary>The paper's colours for AdamW and Signum; those of FOCUS differ by γ.</summary>
    private static FigureColor ColorOf(ScanPlan plan, int trainer) => plan.Trainers[trainer] switch
    {
        Reference => Palette.Orange,
        "signum" => Palette.Yellow,
        _ => Colors[plan.Trainers.Take(trainer).Count(name => name is not (Reference or "signum")) % Colors.Length],
    };
}
