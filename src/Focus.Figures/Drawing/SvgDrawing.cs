using System.Globalization;
using System.Security;
using System.Text;

namespace Focus;

/// <summary>Writes a drawing as SVG.</summary>
internal sealed class SvgDrawing(double width, double height) : IDrawing
{
    private const string Font = "font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\"";

    private readonly StringBuilder body = new();
    private int clips;
    private bool clipped;

    public void FillRectangle(Box box, FigureColor color) =>
        body.Append(Invariant($"<rect x=\"{box.Left:0.##}\" y=\"{box.Top:0.##}\" width=\"{box.Width:0.##}\" height=\"{box.Height:0.##}\" "))
            .Append($"fill=\"{Hex(color)}\" shape-rendering=\"crispEdges\"/>\n");

    public void Line(ReadOnlySpan<Position> points, double width, FigureColor color, bool dashed = false)
    {
        body.Append("<polyline points=\"");
        foreach (var point in points) body.Append(Invariant($"{point.X:0.##},{point.Y:0.##} "));
        if (points.Length == 1) body.Append(Invariant($"{points[0].X:0.##},{points[0].Y:0.##}"));
        body.Append(Invariant($"\" fill=\"none\" stroke=\"{Hex(color)}\" stroke-width=\"{width:0.##}\" "))
            .Append("stroke-linecap=\"round\" stroke-linejoin=\"round\"")
            .Append(dashed ? Invariant($" stroke-dasharray=\"{Dashes.On * width:0.##} {Dashes.Off * width:0.##}\"/>\n") : "/>\n");
    }

    public void Text(Position at, string text, double size, TextAlignment alignment, FigureColor color, bool vertical = false)
    {
        var anchor = alignment switch { TextAlignment.Start => "start", TextAlignment.Middle => "middle", _ => "end" };
        body.Append(Invariant($"<text x=\"{at.X:0.##}\" y=\"{at.Y:0.##}\" font-size=\"{size:0.##}\" {Font} fill=\"{Hex(color)}\" text-anchor=\"{anchor}\""));
        if (vertical) body.Append(Invariant($" transform=\"rotate(-90 {at.X:0.##} {at.Y:0.##})\""));
        body.Append('>').Append(SecurityElement.Escape(text)).Append("</text>\n");
    }

    public void Clip(Box? box)
    {
        if (clipped) body.Append("</g>\n");
        clipped = box is not null;
        if (box is not { } area) return;
        clips++;
        body.Append(Invariant($"<clipPath id=\"clip{clips}\"><rect x=\"{area.Left:0.##}\" y=\"{area.Top:0.##}\" "))
            .Append(Invariant($"width=\"{area.Width:0.##}\" height=\"{area.Height:0.##}\"/></clipPath>\n<g clip-path=\"url(#clip{clips})\">\n"));
    }

    public override string ToString() =>
        Invariant($"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:0.##}\" height=\"{height:0.##}\" viewBox=\"0 0 {width:0.##} {height:0.##}\">\n")
        + body + "</svg>\n";

    private static string Hex(FigureColor color) => $"#{color.Red:x2}{color.Green:x2}{color.Blue:x2}";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
