using Focus;

namespace ToyLandscapes;

/// <summary>The theory section: the regret of FOCUS on streams of convex losses, and its bound.</summary>
internal static class RegretFigure
{
    private const int Points = 120;

    public static void Make(Session session)
    {
        var plots = new List<Plot>();
        foreach (var losses in Enum.GetValues<LossStream>())
        {
            session.Cancellation.ThrowIfCancellationRequested();
            var settings = new RegretSettings { Losses = losses, Seed = session.Seed };
            var regret = Regret.Measure(settings);
            int[] steps = [.. Grid.LogSpace(1, settings.Steps, Points).Select(step => (int)Math.Round(step)).Distinct()];
            double[] times = Array.ConvertAll(steps, step => (double)step);
            double[] measured = Array.ConvertAll(steps, step => regret[step - 1]);
            double[] bound = Array.ConvertAll(steps, step => Regret.Bound(settings, step));

            var name = losses.ToString().ToLowerInvariant();
            CsvFile.Write(
                session.PathOf($"theory-{name}.csv"), ["losses", "regret", "bound"],
                steps.Select((step, i) => (double[])[step, measured[i], bound[i]]));
            var height = FigureAxis.Over("regret R(T)", measured.Concat(bound), logarithmic: true);
            plots.Add(new(new("losses T", 1, settings.Steps, true), height)
            {
                Title = FormattableString.Invariant($"{losses} losses in {settings.Dimensions} dimensions"),
                Layers =
                [
                    new Curve(times, bound, Palette.Ink) { Label = "bound", Dashed = true },
                    new Curve(times, measured, Palette.Blue) { Label = "FOCUS, measured" },
                ],
            });
        }
        session.Save(new Figure(plots), "theory");
    }
}
