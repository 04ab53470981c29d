using Focus;

namespace ToyLandscapes;

/// <summary>Figure 5: the optimizers two by two, on the data of figures 2a and 2b.</summary>
internal static class PairsFigure
{
    private static readonly (int First, int Second)[] Pairs = [(0, 2), (0, 1), (1, 2)];

    public static void Make(Session session)
    {
        PhaseScan[] scans = [.. new[] { "2a", "2b" }.Select(figure => PhaseExperiment.Of(session, figure).Run(session))];
        PhaseExperiment.Publish(diagrams => Write(session, diagrams), scans);
    }

    private static void Write(Session session, PhaseDiagram[] diagrams)
    {
        var plots = from diagram in diagrams from pair in Pairs select Draw(diagram, pair.First, pair.Second);
        session.Save(new Figure([.. plots]) { Columns = Pairs.Length, PlotWidth = 330, PlotHeight = 300 }, "figure-5");
    }

    private static Plot Draw(PhaseDiagram diagram, int first, int second) =>
        PhasePlots.Better(diagram, $"{diagram.Optimizers[first]} or {diagram.Optimizers[second]}", first, second);
}
