namespace Focus;

/// <summary>Lines of equal value of a function of both axes.</summary>
/// <param name="function">The function of x and y.</param>
/// <param name="levels">The values to draw lines at.</param>
/// <param name="color">The colour of a level, given its index.</param>
public sealed class Contours(Func<double, double, double> function, IReadOnlyList<double> levels, Func<int, FigureColor> color) : PlotLayer
{
    private const int Cells = 240;

    internal override void Draw(IDrawing drawing, Frame frame)
    {
        var values = new double[Cells + 1, Cells + 1];
        for (var i = 0; i <= Cells; i++)
            for (var j = 0; j <= Cells; j++)
                values[i, j] = function(Value(frame.X, i), Value(frame.Y, j));
        for (var level = 0; level < levels.Count; level++)
            for (var i = 0; i < Cells; i++)
                for (var j = 0; j < Cells; j++)
                    DrawCell(drawing, frame, values, i, j, levels[level], color(level));
    }

    /// <summary>Marching squares: joins the places where the edges of a cell cross the level, two by two.</summary>
    private static void DrawCell(IDrawing drawing, Frame frame, double[,] values, int i, int j, double level, FigureColor color)
    {
        Span<(int I, int J)> corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)];
        Span<Position> crossings = stackalloc Position[4];
        var count = 0;
        for (var edge = 0; edge < 4; edge++)
        {
            var (from, to) = (corners[edge], corners[(edge + 1) % 4]);
            var (a, b) = (values[from.I, from.J] - level, values[to.I, to.J] - level);
            if (a < 0 == b < 0 || !double.IsFinite(a - b)) continue;
            var t = a / (a - b);
            crossings[count++] = new(
                frame.Column((from.I + t * (to.I - from.I)) / Cells), frame.Row((from.J + t * (to.J - from.J)) / Cells));
        }
        for (var k = 0; k + 1 < count; k += 2) drawing.Line(crossings.Slice(k, 2), 0.8, color);
    }

    private static double Value(FigureAxis axis, int index)
    {
        var fraction = (double)index / Cells;
        return axis.Logarithmic
            ? axis.Minimum * Math.Pow(axis.Maximum / axis.Minimum, fraction)
            : axis.Minimum + (axis.Maximum - axis.Minimum) * fraction;
    }
}
