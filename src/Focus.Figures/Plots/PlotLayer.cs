namespace Focus;

/// <summary>Something drawn on a plot's axes.</summary>
public abstract class PlotLayer
{
    internal virtual IEnumerable<LegendEntry> Legend => [];

    internal abstract void Draw(IDrawing drawing, Frame frame);
}

/// <summary>A line of a legend.</summary>
/// <param name="Label">Its text.</param>
/// <param name="Color">Its colour.</param>
public sealed record LegendEntry(string Label, FigureColor Color)
{
    internal bool Line { get; init; }

    internal bool Dashed { get; init; }
}

/// <summary>Where a plot's values lie on a drawing.</summary>
internal sealed record Frame(Box Area, FigureAxis X, FigureAxis Y)
{
    public Position At(double x, double y) => new(Column(X.Fraction(x)), Row(Y.Fraction(y)));

    public double Column(double fraction) => Area.Left + fraction * Area.Width;

    public double Row(double fraction) => Area.Bottom - fraction * Area.Height;
}
