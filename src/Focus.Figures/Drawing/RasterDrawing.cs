namespace Focus;

/// <summary>Paints a drawing into pixels; lines are anti-aliased, rectangles end on pixels.</summary>
internal sealed class RasterDrawing : IDrawing
{
    private readonly double scale;
    private readonly float[] coverage;
    private Box clip;

    /// <param name="width">Width in points.</param>
    /// <param name="height">Height in points.</param>
    /// <param name="scale">Pixels per point.</param>
    public RasterDrawing(double width, double height, double scale)
    {
        this.scale = scale;
        Width = (int)Math.Ceiling(width * scale);
        Height = (int)Math.Ceiling(height * scale);
        Pixels = new byte[3 * Width * Height];
        Array.Fill(Pixels, (byte)0xFF);
        coverage = new float[Width * Height];
        clip = Everything;
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Red, green and blue of each pixel, row by row.</summary>
    public byte[] Pixels { get; }

    private Box Everything => new(0, 0, Width, Height);

    public void FillRectangle(Box box, FigureColor color)
    {
        var area = Inside(OnPixels(box));
        for (var y = (int)area.Top; y < (int)area.Bottom; y++)
            for (var x = (int)area.Left; x < (int)area.Right; x++)
                Blend(x, y, color, 1);
    }

    public void Line(ReadOnlySpan<Position> points, double width, FigureColor color, bool dashed = false)
    {
        if (!dashed)
        {
            Stroke(points, width, color);
            return;
        }
        foreach (var dash in Dashes.Cut(points.ToArray(), width)) Stroke(dash, width, color);
    }

    public void Text(Position at, string text, double size, TextAlignment alignment, FigureColor color, bool vertical = false)
    {
        var start = -StrokeFont.Width(text, size) * (alignment switch { TextAlignment.Start => 0, TextAlignment.Middle => 0.5, _ => 1 });
        foreach (var stroke in StrokeFont.Strokes(text, size))
        {
            var placed = Array.ConvertAll(stroke, point => vertical
                ? new Position(at.X - point.Y, at.Y - start - point.X)
                : new Position(at.X + start + point.X, at.Y - point.Y));
            Stroke(placed, StrokeFont.LineWidth * size, color);
        }
    }

    public void Clip(Box? box) => clip = box is { } area ? OnPixels(area) : Everything;

    private Box OnPixels(Box box) =>
        new(Math.Round(box.Left * scale), Math.Round(box.Top * scale), Math.Round(box.Right * scale), Math.Round(box.Bottom * scale));

    /// <summary>A line's pixels are covered by its nearest segment only, so joints are not darker than the rest.</summary>
    private void Stroke(ReadOnlySpan<Position> points, double width, FigureColor color)
    {
        var radius = 0.5 * width * scale;
        var touched = new Box(double.MaxValue, double.MaxValue, double.MinValue, double.MinValue);
        for (var i = 0; i < points.Length; i++)
        {
            var (from, to) = (points[Math.Max(0, i - 1)], points[i]);
            if (points.Length > 1 && i == 0) continue;
            var area = Cover(from.X * scale, from.Y * scale, to.X * scale, to.Y * scale, radius);
            if (area.Width <= 0 || area.Height <= 0) continue;
            touched = new(
                Math.Min(touched.Left, area.Left), Math.Min(touched.Top, area.Top),
                Math.Max(touched.Right, area.Right), Math.Max(touched.Bottom, area.Bottom));
        }
        for (var y = (int)touched.Top; y < touched.Bottom; y++)
        {
            for (var x = (int)touched.Left; x < touched.Right; x++)
            {
                Blend(x, y, color, coverage[y * Width + x]);
                coverage[y * Width + x] = 0;
            }
        }
    }

    private Box Cover(double x0, double y0, double x1, double y1, double radius)
    {
        if (!double.IsFinite(x0 + y0 + x1 + y1)) return default;
        var area = Inside(new(
            Math.Floor(Math.Min(x0, x1) - radius - 1), Math.Floor(Math.Min(y0, y1) - radius - 1),
            Math.Ceiling(Math.Max(x0, x1) + radius + 1), Math.Ceiling(Math.Max(y0, y1) + radius + 1)));
        var (dx, dy) = (x1 - x0, y1 - y0);
        var square = dx * dx + dy * dy;
        for (var y = (int)area.Top; y < (int)area.Bottom; y++)
        {
            for (var x = (int)area.Left; x < (int)area.Right; x++)
            {
                var (px, py) = (x + 0.5 - x0, y + 0.5 - y0);
                var along = square > 0 ? Math.Clamp((px * dx + py * dy) / square, 0, 1) : 0;
                var distance = Math.Sqrt((px - along * dx) * (px - along * dx) + (py - along * dy) * (py - along * dy));
                var share = (float)(Math.Clamp(radius + 0.5 - distance, 0, 1) * Math.Min(1, 2 * radius));
                coverage[y * Width + x] = Math.Max(coverage[y * Width + x], share);
            }
        }
        return area;
    }

    private Box Inside(Box box) =>
        new(Math.Max(box.Left, clip.Left), Math.Max(box.Top, clip.Top), Math.Min(box.Right, clip.Right), Math.Min(box.Bottom, clip.Bottom));

    private void Blend(int x, int y, FigureColor color, float share)
    {
        var pixel = Pixels.AsSpan(3 * (y * Width + x), 3);
        pixel[0] = (byte)MathF.Round(pixel[0] + (color.Red - pixel[0]) * share);
        pixel[1] = (byte)MathF.Round(pixel[1] + (color.Green - pixel[1]) * share);
        pixel[2] = (byte)MathF.Round(pixel[2] + (color.Blue - pixel[2]) * share);
    }
}
