namespace Focus;

/// <summary>A value of a cell that may vary over a grid.</summary>
/// <param name="Name">Its name, also that of its column.</param>
/// <param name="Set">A cell with another such value.</param>
internal sealed record CellAxis(string Name, Func<LandscapeCell, double, LandscapeCell> Set)
{
    public static CellAxis Sharpness { get; } = new(nameof(LandscapeCell.Sharpness), (cell, value) => cell with { Sharpness = value });

    public static CellAxis Noise { get; } = new(nameof(LandscapeCell.Noise), (cell, value) => cell with { Noise = value });

    public static CellAxis WeightDecay { get; } = new(nameof(LandscapeCell.WeightDecay), (cell, value) => cell with { WeightDecay = value });

    public static CellAxis Slope { get; } = new(nameof(LandscapeCell.Slope), (cell, value) => cell with { Slope = value });

    public static IReadOnlyList<CellAxis> All { get; } = [Sharpness, Noise, WeightDecay, Slope];
}
