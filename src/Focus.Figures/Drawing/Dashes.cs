namespace Focus;

/// <summary>Dashed lines: lengths of dashes and gaps in line widths. Round ends lengthen dashes by one width.</summary>
internal static class Dashes
{
    public const double On = 3;
    public const double Off = 3.5;

    /// <summary>Cuts a line into its dashes.</summary>
    public static IEnumerable<Position[]> Cut(Position[] points, double width)
    {
        var (on, left) = (true, On * width);
        var dash = new List<Position> { points[0] };
        for (var i = 1; i < points.Length; i++)
        {
            var (from, to) = (points[i - 1], points[i]);
            var length = Math.Sqrt((to.X - from.X) * (to.X - from.X) + (to.Y - from.Y) * (to.Y - from.Y));
            var done = 0.0;
            while (length - done > left)
            {
                done += left;
                var cut = new Position(from.X + (to.X - from.X) * done / length, from.Y + (to.Y - from.Y) * done / length);
                if (on) yield return [.. dash, cut];
                (on, left) = (!on, (on ? Off : On) * width);
                dash.Clear();
                dash.Add(cut);
            }
            left -= length - done;
            dash.Add(to);
        }
        if (on) yield return [.. dash];
    }
}
