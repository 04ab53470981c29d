using Focus;
using ScottPlot;
using ScottPlot.Colormaps;
using ScottPlot.Panels;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;
using SkiaSharp;

namespace Samples;

/// <summary>An axis of a plot.</summary>
/// <param name="Label">What it measures.</param>
/// <param name="LogBase">The base of a logarithmic axis, 10 or 2; null for a linear one.</param>
/// <param name="Minimum">Where it begins; null for where the data begin.</param>
internal sealed record Axis(string Label, int? LogBase = null, double? Minimum = null)
{
    /// <summary>The position of a value; NaN where the axis does not show it.</summary>
    public double At(double value) =>
        value < Minimum || LogBase is not null && value <= 0 ? double.NaN : LogBase is { } b ? Math.Log(value, b) : value;
}

/// <summary>The plots of the samples. ScottPlot's axes are linear: on a logarithmic <see cref="Axis"/> the logarithms are drawn and the
/// ticks are labelled with the values.</summary>
internal static class Figures
{
    private const int Width = 560, Height = 480, Margin = 8, PixelsPerUnit = 2;

    /// <summary>The most that the labels of the y axis take of a plot's width.</summary>
    private const int LabelsWidth = 90;

    /// <summary>The colours of curves that are not one of several optimizers'.</summary>
    public static readonly Color Blue = new(0x2B, 0x6C, 0xB8), Ink = new(0x22, 0x22, 0x22);

    private static readonly Color Orange = new(0xF0, 0x8A, 0x24), Yellow = new(0xC4, 0xA8, 0x00), Grey = new(0xB4, 0xB4, 0xB4);

    private static readonly Color[] FurtherColors = [new(0x3A, 0x9A, 0x5B), new(0xC8, 0x3C, 0x3C), Grey, Colors.Purple, Colors.Teal, Colors.Brown, Colors.Pink];

    private static readonly string[] PreferredFonts = ["DejaVu Sans", "Liberation Sans", "Noto Sans", "Arial", "Helvetica"];

    /// <summary>The colours of optimizers in one figure, as in the paper: Adam is orange, Signum yellow and FOCUS blue. Others have further
    /// colours, and a name that comes again, such as for another rate, has a darker shade.</summary>
    /// <param name="optimizers">Their names.</param>
    public static Color[] ColorsOf(IReadOnlyList<string> optimizers)
    {
        string[] names = [.. optimizers.Select(name => name.ToLowerInvariant())];
        string[] others = [.. names.Except(["adam", "adamw", "signum", "focus"])];
        return [.. names.Select((name, i) => Own(name).MixedWith(Ink, 1 - Math.Pow(0.6, names.Take(i).Count(earlier => earlier == name))))];

        Color Own(string name) => name switch
        {
            "adam" or "adamw" => Orange,
            "signum" => Yellow,
            "focus" => Blue,
            _ => FurtherColors[Array.IndexOf(others, name) % FurtherColors.Length],
        };
    }

    /// <summary>A plot without data.</summary>
    public static Plot Plot(string title, Axis x, Axis y)
    {
        var plot = new Plot();
        if (PreferredFonts.FirstOrDefault(SKFontManager.Default.FontFamilies.Contains) is { } font) plot.Font.Set(font);
        plot.Title(title, size: 17);
        plot.Axes.Title.Label.Bold = false;
        Label(plot.Axes.Bottom, x);
        Label(plot.Axes.Left, y);
        plot.Axes.Left.TickLabelStyle.OffsetY = 3; // ScottPlot centres digits above their ticks.
        plot.Grid.MajorLineColor = Grey.WithAlpha(0.3);
        plot.Legend.Orientation = Orientation.Horizontal;
        plot.Legend.TightHorizontalWrapping = true;
        plot.Legend.Margin = plot.Legend.Padding = new PixelPadding(2);
        (plot.Legend.OutlineWidth, plot.Legend.ShadowColor, plot.Legend.FontSize) = (0, Colors.Transparent, 13);
        plot.ShowLegend(Edge.Top).Padding = new PixelPadding(0);
        plot.RenderManager.ClearCanvasBeforeEachRender = false; // It would clear the plots beside it.
        return plot;
    }

    extension(Plot plot)
    {
        /// <summary>Adds a curve; points that an axis cannot show are left out.</summary>
        /// <param name="name">Its name in the legend; empty for none.</param>
        /// <param name="color">Its colour.</param>
        /// <param name="x">The axis of <paramref name="xs"/>.</param>
        /// <param name="y">The axis of <paramref name="ys"/>.</param>
        /// <param name="xs">Places along the x axis.</param>
        /// <param name="ys">The values there.</param>
        /// <param name="spread">How far the values scatter: the band of that width on both sides is shaded.</param>
        public Scatter Curve(string name, Color color, Axis x, Axis y, double[] xs, double[] ys, double[]? spread = null)
        {
            int[] shown = [.. Enumerable.Range(0, xs.Length).Where(i => double.IsFinite(x.At(xs[i])) && double.IsFinite(y.At(ys[i])))];
            if (spread is not null)
            {
                var band =
                    from i in shown
                    where double.IsFinite(spread[i])
                    let lower = y.At(ys[i] - spread[i])
                    select (x.At(xs[i]), double.IsNaN(lower) ? y.At(ys[i]) : lower, y.At(ys[i] + spread[i]));
                var area = plot.Add.FillY(band.ToArray());
                (area.FillColor, area.LineWidth) = (color.WithAlpha(0.2), 0);
            }
            var curve = plot.Add.ScatterLine(Array.ConvertAll(shown, i => x.At(xs[i])), Array.ConvertAll(shown, i => y.At(ys[i])), color);
            (curve.LegendText, curve.LineWidth) = (name, 2);
            return curve;
        }

        /// <summary>Adds a horizontal line, with a name in the legend or an empty one for none.</summary>
        public void Level(double height, LinePattern pattern, string name = "") =>
            plot.Add.HorizontalLine(height, 1, Grey, pattern).LegendText = name;

        /// <summary>Adds a map: a cell in the colour of its kind for each pair of places, which are evenly spaced on their axes.</summary>
        /// <param name="x">The axis of <paramref name="columns"/>.</param>
        /// <param name="y">The axis of <paramref name="rows"/>.</param>
        /// <param name="columns">The middles of the cells along the x axis.</param>
        /// <param name="rows">The same along the y axis.</param>
        /// <param name="kinds">The kinds with their colours, at least two.</param>
        /// <param name="kindAt">The index of the kind at a row and column; negative for none.</param>
        public void Map(
            Axis x, Axis y, IReadOnlyList<double> columns, IReadOnlyList<double> rows, IReadOnlyList<(string Name, Color Color)> kinds,
            Func<int, int, int> kindAt)
        {
            const int pixels = 4; // Of a cell's side: viewers of SVG blur the borders of a bitmap's pixels.
            var bitmap = new double[rows.Count * pixels, columns.Count * pixels];
            for (var row = 0; row < bitmap.GetLength(0); row++)
                for (var column = 0; column < bitmap.GetLength(1); column++)
                    bitmap[row, column] = kindAt(rows.Count - 1 - row / pixels, column / pixels) is >= 0 and var kind ? kind : double.NaN;
            var map = plot.Add.Heatmap(bitmap);
            map.Colormap = new Custom([.. kinds.Select(kind => kind.Color)], smooth: false);
            map.ManualRange = new(0, kinds.Count - 1);
            map.NaNCellColor = Colors.White;
            var (left, right) = Ends(x, columns);
            var (bottom, top) = Ends(y, rows);
            map.Position = new CoordinateRect(left, right, bottom, top);
            plot.Axes.SetLimits(left, right, bottom, top);
            plot.HideGrid();
            foreach (var (name, color) in kinds) plot.Legend.ManualItems.Add(new() { LabelText = name, FillColor = color });
        }

        /// <summary>Adds the contours of a function over a rectangle, which the axes show.</summary>
        public void Contours(CoordinateRect area, double[] levels, Func<double, double, double> height)
        {
            const int size = 200;
            var points = new Coordinates3d[size, size];
            for (var row = 0; row < size; row++)
                for (var column = 0; column < size; column++)
                {
                    var (x, y) = (area.Left + column * area.Width / (size - 1), area.Bottom + row * area.Height / (size - 1));
                    points[row, column] = new(x, y, height(x, y));
                }
            var contours = plot.Add.ContourLines(points);
            (contours.ContourLineLevels, contours.LineColor, contours.LineWidth) = (levels, Grey, 1);
            contours.LabelStyle.IsVisible = false;
            plot.Axes.SetLimits(area);
        }
    }

    /// <summary>Saves plots side by side as one picture, <paramref name="path"/>.svg and .png.</summary>
    /// <param name="path">The files' path without the extension.</param>
    /// <param name="plots">The plots, row by row.</param>
    /// <param name="columns">How many of them a row has; null for all.</param>
    public static void Save(string path, IReadOnlyList<Plot> plots, int? columns = null)
    {
        if (SKTypeface.Default.GlyphCount == 0)
            Console.Error.WriteLine($"{path} has no text because no font is installed; on Linux, install a package such as fonts-dejavu-core.");
        var across = columns ?? plots.Count;
        var (width, height) = (across * Width, (plots.Count + across - 1) / across * Height);
        AtomicFile.Write($"{path}.svg", stream =>
        {
            using var canvas = SKSvgCanvas.Create(new SKRect(0, 0, width, height), stream);
            Draw(canvas);
        });
        AtomicFile.Write($"{path}.png", stream =>
        {
            using var surface = SKSurface.Create(new SKImageInfo(width * PixelsPerUnit, height * PixelsPerUnit));
            surface.Canvas.Scale(PixelsPerUnit);
            Draw(surface.Canvas);
            using var image = surface.Snapshot();
            using var png = image.Encode(SKEncodedImageFormat.Png, quality: 100);
            png.SaveTo(stream);
        });

        void Draw(SKCanvas canvas)
        {
            canvas.Clear(SKColors.White);
            foreach (var plot in plots) FitLegend(plot);
            foreach (var (i, plot) in plots.Index())
            {
                var (left, top) = (i % across * Width, i / across * Height);
                plot.Render(canvas, new PixelRect(left + Margin, left + Width - Margin, top + Height - Margin, top + Margin));
            }
        }
    }

    /// <summary>Gives the legend the height of all its rows: ScottPlot leaves room for one, and drops the others.</summary>
    private static void FitLegend(Plot plot)
    {
        if (plot.Legend.GetItems().Length == 0) return;
        using var paint = Paint.NewDisposablePaint();
        var rows = plot.Legend.GetLayout(new PixelSize(Width - 2 * Margin - LabelsWidth, Height), paint).LegendRect;
        foreach (var panel in plot.Axes.GetPanels().OfType<LegendPanel>()) panel.MinimumSize = rows.Height;
    }

    private static void Label(IAxis side, Axis axis)
    {
        side.Label.Text = axis.Label;
        side.Label.FontSize = 15;
        side.Label.Bold = false;
        side.TickLabelStyle.FontSize = 13;
        side.TickGenerator = axis.LogBase is { } b ? new LogTicks(b) : new NumericAutomatic { MinimumTickSpacing = 40 };
    }

    /// <summary>Where the first cell begins and the last one ends.</summary>
    private static (double First, double Last) Ends(Axis axis, IReadOnlyList<double> middles)
    {
        var (first, last) = (axis.At(middles[0]), axis.At(middles[^1]));
        var half = middles.Count > 1 ? (last - first) / (middles.Count - 1) / 2 : 0.5;
        return (first - half, last + half);
    }

    /// <summary>Ticks at the powers of a base; with base 10 also between them, labelled where there are few powers.</summary>
    private sealed class LogTicks(int logBase) : ITickGenerator
    {
        public Tick[] Ticks { get; set; } = [];

        public int MaxTickCount { get; set; } = 1000;

        public void Regenerate(CoordinateRange range, Edge edge, PixelLength size, Paint paint, LabelStyle labelStyle)
        {
            var powers = Enumerable.Range((int)Math.Floor(range.Min), (int)Math.Ceiling(range.Max) - (int)Math.Floor(range.Min) + 1);
            var few = range.Max - range.Min < 2;
            Ticks =
            [
                .. from power in powers
                   from factor in Enumerable.Range(1, logBase == 10 ? 9 : 1)
                   let value = factor * Math.Pow(logBase, power)
                   let position = Math.Log(value, logBase)
                   where position >= range.Min - 1e-9 && position <= range.Max + 1e-9
                   select factor == 1 || few && factor is 2 or 5 ? Tick.Major(position, $"{(float)value}") : Tick.Minor(position),
            ];
        }
    }
}
