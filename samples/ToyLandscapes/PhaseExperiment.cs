using Focus;
using Spectre.Console;

namespace ToyLandscapes;

/// <summary>A phase diagram of the paper: its cells, its runs, and what its raw losses are called as published.</summary>
internal sealed record PhaseExperiment(string Figure, PhaseGrid Grid, LandscapeSimulator.Options Simulation, string Prefix)
{
    public static PhaseExperiment Of(Session session, string figure)
    {
        var decay = PhaseGrid.WeightDecayAndNoise().Every(session.Resolution);
        var extremes = session.Simulation with { Recording = RunRecording.Extremes };
        return figure switch
        {
            "2a" => new(figure, PhaseGrid.SharpnessAndNoise().Every(session.Resolution), session.Simulation, "syn-exp-7"),
            "2b" => new(figure, decay, extremes, "syn-exp-6"),
            "6a" => new(figure, decay, extremes with { Angle = 0 }, "syn-exp-6"),
            "6b" => new(figure, decay, extremes with { Dimensions = 100 }, "syn-exp-6"),
            _ => throw new ArgumentException($"Figure {figure} is no phase diagram."),
        };
    }

    /// <summary>Simulates the rows that are missing, with a progress bar, and scores what is there.</summary>
    public PhaseDiagram Run(Session session)
    {
        // A shard that does not fit is refused before the folder is marked as this scan's.
        session.Shard.Rows(Grid.Rows.Count);
        var scan = new PhaseScan(new LandscapeSimulator(Simulation), Grid, session.PathOf($"figure-{Figure}"), Prefix);
        ScanProgressBar.Show($"Figure {Figure}", progress => scan.Run(session.Shard, progress, cancellation: session.Cancellation));
        var diagram = scan.Score();
        var finished = Enumerable.Range(0, Grid.Rows.Count).Count(row => diagram.Scores(row, 0) is not null);
        AnsiConsole.MarkupLineInterpolated($"Figure {Figure}: {finished} of {Grid.Rows.Count} rows of {Grid.Noise.Count} cells are finished.");
        return diagram;
    }
}
