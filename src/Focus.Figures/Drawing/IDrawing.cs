namespace Focus;

internal enum TextAlignment
{
    Start,
    Middle,
    End,
}

/// <summary>What figures are drawn on; x grows to the right and y downwards, in points.</summary>
internal interface IDrawing
{
    void FillRectangle(Box box, FigureColor color);

    /// <summary>A line with round joints and ends; a single point is a dot.</summary>
    void Line(ReadOnlySpan<Position> points, double width, FigureColor color, bool dashed = false);

    /// <summary>A line of text whose baseline starts, is centred or ends at a position, running upwards if
    /// <paramref name="vertical"/>.</summary>
    void Text(Position at, string text, double size, TextAlignment alignment, FigureColor color, bool vertical = false);

    /// <summary>Draws inside a box only, until null lifts that.</summary>
    void Clip(Box? box);
}
