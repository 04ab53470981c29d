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

    /// <summary>Simulates the rows that are missing, with a progress bar.</summary>
    public PhaseScan Run(Session session)
    {
        // A shard that does not fit is refused before the folder is marked as this scan's.
        session.Shard.Of(Grid.Rows.Count, "rows");
        var scan = new PhaseScan(new LandscapeSimulator(Simulation), Grid, session.PathOf($"figure-{Figure}"), Prefix);
        ScanProgressBar.Show($"Figure {Figure}", progress => scan.Run(session.Shard, progress, cancellation: session.Cancellation));
        AnsiConsole.MarkupLineInterpolated(
            $"Figure {Figure}: {scan.FinishedRows} of {Grid.Rows.Count} rows of {Grid.Noise.Count} cells are finished.");
        return scan;
    }

    /// <summary>Writes what scans found, and again if other shards finished rows meanwhile: the last shard to write has seen all rows.</summary>
    public static void Publish(Action<PhaseDiagram[]> write, params PhaseScan[] scans)
    {
        int seen;
        do
        {
            seen = scans.Sum(scan => scan.FinishedRows);
            write(Array.ConvertAll(scans, scan => scan.Score()));
        }
        while (scans.Sum(scan => scan.FinishedRows) > seen);
    }
}
