using Focus;

namespace Gpt2Sample;

/// <summary>Loss curves over steps and over time: means over seeds, with their standard deviation as error bars.</summary>
internal static class ComparisonFigure
{
    /// <summary>Saves the figure as SVG and PNG.</summary>
    /// <param name="path">Where, without the ending.</param>
    /// <param name="outcomes">What to show, at least one.</param>
    public static void Save(string path, IReadOnlyList<Outcome> outcomes)
    {
        var figure = new Figure(Draw("step", outcomes, curve => curve.Steps), Draw("training time in s", outcomes, curve => curve.Seconds));
        figure.SaveSvg($"{path}.svg");
        figure.SavePng($"{path}.png");
    }

    private static Plot Draw(string label, IReadOnlyList<Outcome> outcomes, Func<LossCurve, double[]> places)
    {
        var curves = outcomes.Select(outcome => outcome.MeanCurve()).ToArray();
        return new(
            FigureAxis.Over(label, curves.SelectMany(curve => places(curve.Mean)).Append(0)),
            FigureAxis.Over("loss", curves.SelectMany(curve => curve.Mean.Losses)))
        {
            Layers =
            [
                .. curves.Select((curve, i) => new Curve(places(curve.Mean), curve.Mean.Losses, ColorOf(outcomes, i))
                {
                    Label = outcomes[i].Contender.Label,
                    Errors = curve.Spread,
                }),
            ],
        };
    }

    /// <summary>An optimizer's colour in the paper, darker for each further contender with the same.</summary>
    private static FigureColor ColorOf(IReadOnlyList<Outcome> outcomes, int index)
    {
        var optimizer = outcomes[index].Contender.Settings.Optimizer;
        var color = optimizer switch
        {
            OptimizerKind.Focus => Palette.Blue,
            OptimizerKind.Signum => Palette.Yellow,
            _ => Palette.Orange,
        };
        return color.Mix(Palette.Ink, 0.35 * outcomes.Take(index).Count(outcome => outcome.Contender.Settings.Optimizer == optimizer));
    }
}
