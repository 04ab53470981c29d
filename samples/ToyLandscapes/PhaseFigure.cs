using Focus;

namespace ToyLandscapes;

/// <summary>Figures 2a, 2b, 6a and 6b: which optimizer reaches the lowest loss.</summary>
internal static class PhaseFigure
{
    public static void Make(Session session, string figure)
    {
        var scan = PhaseExperiment.Of(session, figure).Run(session);
        PhaseExperiment.Publish(diagrams => Write(session, figure, diagrams[0]), scan);
    }

    private static void Write(Session session, string figure, PhaseDiagram diagram)
    {
        diagram.WriteCsv(session.PathOf($"figure-{figure}.csv"));
        session.Save(new Figure(PhasePlots.Best(diagram, Title(figure))), $"figure-{figure}");
        if (figure == "2a") Boundary.Report(session, diagram);
    }

    private static string Title(string figure) => figure switch
    {
        "2a" => "Lowest loss by sharpness and noise",
        "2b" => "Lowest loss by weight decay and noise",
        "6a" => "Without rotation",
        _ => "In 100 dimensions",
    };
}
