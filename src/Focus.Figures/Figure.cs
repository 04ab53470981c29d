using System.Text;

namespace Focus;

/// <summary>Plots side by side, in one or more rows, saved as SVG or PNG.</summary>
/// <param name="plots">The plots, from left to right and from top to bottom, at least one.</param>
public sealed class Figure(params IReadOnlyList<Plot> plots)
{
    /// <summary>Width of each plot in points, with its labels; at least 150.</summary>
    public double PlotWidth { get; init; } = 420;

    /// <summary>Height of the plots in points, with their labels; at least 150.</summary>
    public double PlotHeight { get; init; } = 360;

    /// <summary>The plots in a row, at least 1; by default all of them.</summary>
    public int Columns { get; init; } = Math.Max(1, plots.Count);

    private double Width => Math.Min(Columns, plots.Count) * PlotWidth;

    private double Height => (plots.Count + Columns - 1) / Columns * PlotHeight;

    /// <summary>Saves the figure as SVG; a file that is there is replaced.</summary>
    /// <exception cref="ArgumentException">There is no plot, no column, or an axis has no range.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void SaveSvg(string path)
    {
        Validate();
        var drawing = new SvgDrawing(Width, Height);
        Draw(drawing);
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(drawing.ToString())));
    }

    /// <summary>Saves the figure as PNG; a file that is there is replaced.</summary>
    /// <param name="path">Where.</param>
    /// <param name="scale">Pixels per point, above 0.</param>
    /// <exception cref="ArgumentException">There is no plot, no column, an axis has no range, or the scale is outside its
    /// range.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void SavePng(string path, double scale = 2)
    {
        Validate();
        if (!(scale > 0) || !double.IsFinite(scale))
            throw new ArgumentOutOfRangeException(nameof(scale), scale, $"scale is {scale}; valid is a finite number above 0.");
        var drawing = new RasterDrawing(Width, Height, scale);
        Draw(drawing);
        AtomicFile.Write(path, stream => PngFile.Write(stream, drawing.Width, drawing.Height, drawing.Pixels));
    }

    private void Validate()
    {
        if (plots.Count == 0) throw new ArgumentException("plots is empty; a figure needs at least one plot.", nameof(plots));
        if (Columns < 1)
            throw new ArgumentOutOfRangeException(nameof(Columns), Columns, $"Columns is {Columns}; valid is a whole number, at least 1.");
        foreach (var plot in plots)
        {
            plot.X.Validate();
            plot.Y.Validate();
        }
    }

    private void Draw(IDrawing drawing)
    {
        drawing.FillRectangle(new(0, 0, Width, Height), Palette.White);
        for (var i = 0; i < plots.Count; i++)
        {
            var (row, column) = Math.DivRem(i, Columns);
            new PlotPainter(drawing, plots[i], new(column * PlotWidth, row * PlotHeight, (column + 1) * PlotWidth, (row + 1) * PlotHeight)).Draw();
        }
    }
}
