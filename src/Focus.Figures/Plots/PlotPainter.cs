namespace Focus;

/// <summary>Draws a plot into a box: title, legend in rows above the axes, layers, axes with ticks and labels.</summary>
internal sealed class PlotPainter(IDrawing drawing, Plot plot, Box box)
{
    private const double TitleSize = 13;
    private const double LabelSize = 12;
    private const double TickSize = 10.5;
    private const double LineHeight = 18;
    private const double Tick = 4;
    private const double Swatch = 11;

    public void Draw()
    {
        var left = box.Left + 26 + LabelSize + plot.Y.Ticks().Max(tick => tick.Label is null ? 0 : StrokeFont.Width(tick.Label, TickSize));
        var right = box.Right - 18;
        var legend = LegendRows(right - left);
        var top = box.Top + 12 + (plot.Title.Length > 0 ? LineHeight : 0);
        if (plot.Title.Length > 0) drawing.Text(new(0.5 * (left + right), top - 4), plot.Title, TitleSize, TextAlignment.Middle, Palette.Ink);
        foreach (var row in legend)
        {
            DrawLegendRow(row, 0.5 * (left + right), top + 0.5 * LineHeight);
            top += LineHeight;
        }
        var frame = new Frame(new(left, top + 4, right, box.Bottom - 48), plot.X, plot.Y);

        drawing.Clip(frame.Area);
        foreach (var layer in plot.Layers) layer.Draw(drawing, frame);
        drawing.Clip(null);
        DrawAxes(frame);
    }

    private void DrawAxes(Frame frame)
    {
        var area = frame.Area;
        Position corner = new(area.Left, area.Top);
        drawing.Line([corner, new(area.Right, area.Top), new(area.Right, area.Bottom), new(area.Left, area.Bottom), corner], 1, Palette.Ink);
        foreach (var (value, label) in plot.X.Ticks())
        {
            var x = frame.Column(plot.X.Fraction(value));
            drawing.Line([new(x, area.Bottom), new(x, area.Bottom + (label is null ? 0.5 : 1) * Tick)], 1, Palette.Ink);
            if (label is not null) drawing.Text(new(x, area.Bottom + Tick + 12), label, TickSize, TextAlignment.Middle, Palette.Ink);
        }
        foreach (var (value, label) in plot.Y.Ticks())
        {
            var y = frame.Row(plot.Y.Fraction(value));
            drawing.Line([new(area.Left - (label is null ? 0.5 : 1) * Tick, y), new(area.Left, y)], 1, Palette.Ink);
            if (label is not null) drawing.Text(new(area.Left - Tick - 4, y + 0.36 * TickSize), label, TickSize, TextAlignment.End, Palette.Ink);
        }
        drawing.Text(new(0.5 * (area.Left + area.Right), box.Bottom - 12), plot.X.Label, LabelSize, TextAlignment.Middle, Palette.Ink);
        Position middle = new(box.Left + 6 + LabelSize, 0.5 * (area.Top + area.Bottom));
        drawing.Text(middle, plot.Y.Label, LabelSize, TextAlignment.Middle, Palette.Ink, vertical: true);
    }

    private List<List<LegendEntry>> LegendRows(double width)
    {
        var rows = new List<List<LegendEntry>>();
        var used = double.MaxValue;
        foreach (var entry in plot.Legend)
        {
            if (used + EntryWidth(entry) > width)
            {
                rows.Add([]);
                used = 0;
            }
            rows[^1].Add(entry);
            used += EntryWidth(entry);
        }
        return rows;
    }

    private void DrawLegendRow(List<LegendEntry> entries, double centre, double y)
    {
        var x = centre - 0.5 * entries.Sum(EntryWidth);
        foreach (var entry in entries)
        {
            if (entry.Line) drawing.Line([new(x, y), new(x + 2 * Swatch, y)], 2, entry.Color, entry.Dashed);
            else drawing.FillRectangle(new(x, y - 0.5 * Swatch, x + Swatch, y + 0.5 * Swatch), entry.Color);
            drawing.Text(new(x + SymbolWidth(entry), y + 0.36 * TickSize), entry.Label, TickSize, TextAlignment.Start, Palette.Ink);
            x += EntryWidth(entry);
        }
    }

    private static double EntryWidth(LegendEntry entry) => SymbolWidth(entry) + StrokeFont.Width(entry.Label, TickSize) + 16;

    private static double SymbolWidth(LegendEntry entry) => (entry.Line ? 2 * Swatch : Swatch) + 5;
}
