namespace Focus;

/// <summary>A plot: axes, and layers drawn one over the other.</summary>
/// <param name="x">The horizontal axis.</param>
/// <param name="y">The vertical axis.</param>
public sealed class Plot(FigureAxis x, FigureAxis y)
{
    /// <summary>The horizontal axis.</summary>
    public FigureAxis X { get; } = x;

    /// <summary>The vertical axis.</summary>
    public FigureAxis Y { get; } = y;

    /// <summary>A title above the plot; none if empty.</summary>
    public string Title { get; init; } = "";

    /// <summary>What is drawn, from back to front.</summary>
    public IReadOnlyList<PlotLayer> Layers { get; init; } = [];

    internal IEnumerable<LegendEntry> Legend => Layers.SelectMany(layer => layer.Legend);
}
