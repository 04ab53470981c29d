using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;
using static System.FormattableString;

namespace Gpt2Sample;

/// <summary>Loss curves in characters: each column is the mean over some steps.</summary>
/// <param name="names">The curves' names.</param>
/// <param name="steps">The length of the runs.</param>
internal sealed class LossChart(IReadOnlyList<string> names, long steps)
{
    private const int Width = 64, Height = 15;

    private const double LeastHeight = 0.1;

    private static readonly (char Mark, string Colour)[] Styles = [('●', "dodgerblue1"), ('▲', "yellow2"), ('■', "orange1")];

    private readonly double[,] sums = new double[names.Count, Width];
    private readonly int[,] counts = new int[names.Count, Width];

    /// <summary>A curve's name with its mark.</summary>
    public string Label(int curve) => $"[{Styles[curve].Colour}]{Styles[curve].Mark}[/] {names[curve]}";

    /// <summary>Adds a step's loss to a curve.</summary>
    public void Add(int curve, long step, double loss)
    {
        var column = (int)((step - 1) * Width / steps);
        sums[curve, column] += loss;
        counts[curve, column]++;
    }

    /// <summary>The curves as far as they have come.</summary>
    public IRenderable Draw()
    {
        var points = Points().ToArray();
        if (points.Length == 0) return new Text("");
        var top = points.Where(point => point.Column == 0).Max(point => point.Loss); // Where all begin; jumps above are cut off.
        var bottom = Math.Min(points.Min(point => point.Loss), top - LeastHeight);
        var cells = new int?[Height, Width];
        foreach (var (curve, column, loss) in points) cells[Row(loss), column] = curve;

        int Row(double loss) => Math.Max(0, (int)Math.Round((top - loss) / (top - bottom) * (Height - 1)));

        var text = new StringBuilder();
        for (var row = 0; row < Height; row++)
        {
            text.Append(row % 2 == 0 ? Invariant($"{top - (top - bottom) * row / (Height - 1),6:F2} ┤") : "       │");
            for (var column = 0; column < Width; column++)
                text.Append(cells[row, column] is { } curve ? $"[{Styles[curve].Colour}]{Styles[curve].Mark}[/]" : " ");
            text.Append('\n');
        }
        var half = Width / 2;
        text.Append($"       └{new string('─', half)}┴{new string('─', half - 1)}┤\n");
        text.Append($"        0{$"{steps / 2}".PadLeft(half + 1)}{$"{steps} steps".PadLeft(half + 4)}\n");
        text.Append("        ").AppendJoin("    ", names.Select((_, curve) => Label(curve)));
        return new Markup(text.ToString());
    }

    private IEnumerable<(int Curve, int Column, double Loss)> Points() =>
        from curve in Enumerable.Range(0, names.Count)
        from column in Enumerable.Range(0, Width)
        where counts[curve, column] > 0
        select (curve, column, sums[curve, column] / counts[curve, column]);
}
