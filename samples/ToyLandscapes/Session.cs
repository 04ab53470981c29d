using Focus;
using Spectre.Console;

namespace ToyLandscapes;

/// <summary>One call of the program: what it is asked for, and where results go.</summary>
internal sealed class Session
{
    private Session(Arguments arguments, CancellationToken cancellation)
    {
        if (arguments.Resolution < 1)
            throw new ArgumentException($"--resolution is {arguments.Resolution}; valid is a whole number, at least 1.");
        (Folder, Resolution, Replicates, Seed) = (arguments.Out, arguments.Resolution, arguments.Replicates, arguments.Seed);
        Shard = Shard.Parse(arguments.Shard);
        Cancellation = cancellation;
        Simulation.Validate();
        Directory.CreateDirectory(Folder);
    }

    public string Folder { get; }

    public int Resolution { get; }

    public int Replicates { get; }

    public long Seed { get; }

    public Shard Shard { get; }

    public CancellationToken Cancellation { get; }

    /// <summary>The settings of the paper, with this session's replicates and seed.</summary>
    public LandscapeSimulator.Options Simulation => new() { Replicates = Replicates, Seed = Seed };

    /// <summary>Does what is asked for.</summary>
    public static void Run(Arguments arguments, CancellationToken cancellation)
    {
        var session = new Session(arguments, cancellation);
        if (arguments.Figure is { } figure) session.Make(figure);
        if (arguments.Theory) RegretFigure.Make(session);
    }

    public string PathOf(string file) => Path.Combine(Folder, file);

    /// <summary>Saves a figure as SVG and PNG.</summary>
    public void Save(Figure figure, string name)
    {
        figure.SaveSvg(PathOf($"{name}.svg"));
        figure.SavePng(PathOf($"{name}.png"));
        AnsiConsole.MarkupLineInterpolated($"Figure: {PathOf(name)}.svg, .png");
    }

    private void Make(string figure)
    {
        switch (figure)
        {
            case "1c":
                PathsFigure.Make(this);
                break;
            case "4":
                CurvesFigure.Make(this);
                break;
            case "5":
                PairsFigure.Make(this);
                break;
            default:
                PhaseFigure.Make(this, figure);
                break;
        }
    }
}
