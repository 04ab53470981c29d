using Focus;

namespace ToyLandscapes;

/// <summary>Phase diagrams in the paper's colours.</summary>
internal static class PhasePlots
{
    /// <summary>Cells in the colour of the best of all optimizers.</summary>
    public static Plot Best(PhaseDiagram diagram, string title) =>
        Draw(diagram, title, Enumerable.Range(0, diagram.Optimizers.Count), diagram.Winner);

    /// <summary>Cells in the colour of the better of two optimizers.</summary>
    public static Plot Better(PhaseDiagram diagram, string title, int first, int second) =>
        Draw(diagram, title, [first, second], (row, column) => diagram.Winner(row, column, first, second));

    private static Plot Draw(PhaseDiagram diagram, string title, IEnumerable<int> optimizers, Func<int, int, int> winner)
    {
        var grid = diagram.Grid;
        FigureColor? Color(int row, int column) => winner(row, column) is >= 0 and var best ? ColorOf(diagram.Optimizers[best]) : null;
        var (label, logarithmic) = grid.Axis == PhaseAxis.Sharpness ? ("sharpness a", true) : ("weight decay ω", false);
        return new(FigureAxis.OverCells("gradient noise σ", grid.Noise), FigureAxis.OverCells(label, grid.Rows, logarithmic))
        {
            Title = title,
            Layers =
            [
                new ColorMap(grid.Noise, grid.Rows, Color)
                {
                    Entries = [.. optimizers.Select(i => diagram.Optimizers[i]).Select(name => new LegendEntry(name, ColorOf(name)))],
                },
            ],
        };
    }

    public static FigureColor ColorOf(string optimizer) => optimizer switch
    {
        "Adam" => Palette.Orange,
        "FOCUS" => Palette.Blue,
        _ => Palette.Yellow,
    };
}
