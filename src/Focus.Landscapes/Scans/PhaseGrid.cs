namespace Focus;

/// <summary>What changes from row to row of a phase diagram.</summary>
public enum PhaseAxis
{
    /// <summary>The sharpness of the valley.</summary>
    Sharpness,

    /// <summary>The weight decay.</summary>
    WeightDecay,
}

/// <summary>The cells of a phase diagram: rows of one sharpness or weight decay each, columns of one noise each.</summary>
/// <param name="Axis">What the rows vary.</param>
/// <param name="Rows">The values of the rows, at least one.</param>
/// <param name="Noise">The noise of the columns, at least one.</param>
/// <param name="Cell">The values that do not vary.</param>
public sealed record PhaseGrid(PhaseAxis Axis, IReadOnlyList<double> Rows, IReadOnlyList<double> Noise, LandscapeCell Cell)
{
    /// <summary>Figure 2a of arXiv:2501.12243: sharpness 0.1 to 1000 on a logarithmic axis, noise 0 to 3, slope 0.1, weight decay
    /// 0.1.</summary>
    /// <param name="rows">Rows, at least 1; 96 in the paper.</param>
    /// <param name="columns">Columns, at least 1; 100 in the paper.</param>
    public static PhaseGrid SharpnessAndNoise(int rows = 96, int columns = 100) =>
        new(PhaseAxis.Sharpness, Grid.LogSpace(0.1, 1000, rows), Grid.LinSpace(0, 3, columns), new(10, 0));

    /// <summary>Figure 2b of arXiv:2501.12243: weight decay 0 to 0.5, noise 0 to 3, sharpness 10, slope 0.1.</summary>
    /// <inheritdoc cref="SharpnessAndNoise"/>
    public static PhaseGrid WeightDecayAndNoise(int rows = 96, int columns = 100) =>
        new(PhaseAxis.WeightDecay, Grid.LinSpace(0, 0.5, rows), Grid.LinSpace(0, 3, columns), new(10, 0));

    /// <summary>A coarser grid: every <paramref name="stride"/>-th row and column, from the first. Cells that are in both grids have the
    /// same outcomes.</summary>
    /// <param name="stride">At least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The stride is below 1.</exception>
    public PhaseGrid Every(int stride)
    {
        Guard.AtLeast(1, stride);
        return this with { Rows = Pick(Rows), Noise = Pick(Noise) };

        double[] Pick(IReadOnlyList<double> values) => [.. values.Where((_, i) => i % stride == 0)];
    }

    /// <summary>The cell at a row and a column.</summary>
    public LandscapeCell At(int row, int column) => Axis == PhaseAxis.Sharpness
        ? Cell with { Sharpness = Rows[row], Noise = Noise[column] }
        : Cell with { WeightDecay = Rows[row], Noise = Noise[column] };

    /// <summary>Checks all values.</summary>
    /// <exception cref="ArgumentException">A list is empty or a value is outside its range.</exception>
    public void Validate()
    {
        Guard.NotEmpty(Rows);
        Guard.NotEmpty(Noise);
        for (var row = 0; row < Rows.Count; row++) At(row, 0).Validate();
        for (var column = 0; column < Noise.Count; column++) At(0, column).Validate();
    }
}
