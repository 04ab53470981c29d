using Focus;

namespace ToyLandscapes;

/// <summary>Figure 5: the optimizers two by two, on the data of figures 2a and 2b.</summary>
internal static class PairsFigure
{
    private static readonly (int First, int Second)[] Pairs = [(0, 2), (0, 1), (1, 2)];

    public static void Make(Session session)
    {
        var plots = new List<Plot>();
        foreach (var figure in new[] { "2a", "2b" })
        {
            var diagram = PhaseExperiment.Of(session, figure).Run(session);
            foreach (var (first, second) in Pairs)
                plots.Add(PhasePlots.Better(diagram, $"{diagram.Optimizers[first]} or {diagram.Optimizers[second]}", first, second));
        }
        session.Save(new Figure(plots) { Columns = Pairs.Length, PlotWidth = 330, PlotHeight = 300 }, "figure-5");
    }
}
