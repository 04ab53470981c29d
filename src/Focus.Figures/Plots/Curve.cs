namespace Focus;

/// <summary>A line through points, with marks and error bars on request; points that are not finite interrupt it.</summary>
public sealed class Curve : PlotLayer
{
    private readonly IReadOnlyList<double> x;
    private readonly IReadOnlyList<double> y;
    private readonly FigureColor color;

    /// <summary>Makes a curve.</summary>
    /// <param name="x">The points' horizontal values.</param>
    /// <param name="y">The points' vertical values, as many.</param>
    /// <param name="color">The colour of the line.</param>
    /// <exception cref="ArgumentException">There are not as many y as x.</exception>
    public Curve(IReadOnlyList<double> x, IReadOnlyList<double> y, FigureColor color)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        if (x.Count != y.Count) throw new ArgumentException($"y holds {y.Count} values; x holds {x.Count}, and they must be as many.", nameof(y));
        (this.x, this.y, this.color) = (x, y, color);
    }

    /// <summary>The label in the legend; none if empty.</summary>
    public string Label { get; init; } = "";

    /// <summary>Line width in points.</summary>
    public double Width { get; init; } = 1.6;

    /// <summary>Whether the line is dashed.</summary>
    public bool Dashed { get; init; }

    /// <summary>Whether points are marked by dots.</summary>
    public bool Marks { get; init; }

    /// <summary>Half the length of each point's error bar; none if empty.</summary>
    public IReadOnlyList<double> Errors { get; init; } = [];

    internal override IEnumerable<LegendEntry> Legend => Label.Length == 0 ? [] : [new(Label, color) { Line = true, Dashed = Dashed }];

    internal override void Draw(IDrawing drawing, Frame frame)
    {
        var run = new List<Position>();
        for (var i = 0; i < x.Count; i++)
        {
            var at = frame.At(x[i], y[i]);
            if (double.IsFinite(at.X) && double.IsFinite(at.Y))
            {
                run.Add(at);
                DrawPoint(drawing, frame, i, at);
                continue;
            }
            DrawRun(drawing, run);
        }
        DrawRun(drawing, run);
    }

    private void DrawRun(IDrawing drawing, List<Position> run)
    {
        if (run.Count > 1) drawing.Line(run.ToArray(), Width, color, Dashed);
        run.Clear();
    }

    private void DrawPoint(IDrawing drawing, Frame frame, int i, Position at)
    {
        if (Marks) drawing.Line([at], 3 * Width, color);
        if (i >= Errors.Count || !(Errors[i] > 0)) return;
        const double cap = 3;
        var (high, low) = (frame.At(x[i], y[i] + Errors[i]), frame.At(x[i], y[i] - Errors[i]));
        if (!double.IsFinite(low.Y)) low = new(at.X, frame.Area.Bottom);
        drawing.Line([high, low], 0.6 * Width, color);
        drawing.Line([new(high.X - cap, high.Y), new(high.X + cap, high.Y)], 0.6 * Width, color);
        drawing.Line([new(low.X - cap, low.Y), new(low.X + cap, low.Y)], 0.6 * Width, color);
    }
}
