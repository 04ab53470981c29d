namespace Focus;

/// <summary>Coloured cells, as in a phase diagram.</summary>
/// <param name="x">The centres of the columns, ascending, at least one.</param>
/// <param name="y">The centres of the rows, ascending, at least one.</param>
/// <param name="color">The colour of a row and a column, or null for none.</param>
public sealed class ColorMap(IReadOnlyList<double> x, IReadOnlyList<double> y, Func<int, int, FigureColor?> color) : PlotLayer
{
    /// <summary>What the colours mean.</summary>
    public IReadOnlyList<LegendEntry> Entries { get; init; } = [];

    internal override IEnumerable<LegendEntry> Legend => Entries;

    internal override void Draw(IDrawing drawing, Frame frame)
    {
        var (columns, rows) = (frame.X.Edges(x), frame.Y.Edges(y));
        for (var row = 0; row < y.Count; row++)
        {
            // Neighbours of one colour are one rectangle.
            for (var (start, end) = (0, 0); start < x.Count; start = end)
            {
                for (end = start + 1; end < x.Count && color(row, end) == color(row, start);) end++;
                if (color(row, start) is not { } fill) continue;
                drawing.FillRectangle(new(frame.Column(columns[start]), frame.Row(rows[row + 1]), frame.Column(columns[end]), frame.Row(rows[row])), fill);
            }
        }
    }
}
