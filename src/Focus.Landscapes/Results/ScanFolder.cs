namespace Focus;

/// <summary>The rows of a scan on disk, one .npy file each, of shape (optimizer, noise, learning rate, replicate[, metric]).</summary>
internal sealed class ScanFolder
{
    private readonly string folder;
    private readonly string prefix;
    private readonly LandscapeSimulator.Options options;
    private readonly PhaseGrid grid;
    private readonly int[] shape;

    /// <exception cref="InvalidOperationException">The folder holds results of another scan.</exception>
    public ScanFolder(string folder, string prefix, LandscapeSimulator.Options options, PhaseGrid grid)
    {
        (this.folder, this.prefix, this.options, this.grid) = (folder, prefix, options, grid);
        int[] axes = [options.Optimizers.Count, grid.Noise.Count, options.LearningRates.Count, options.Replicates];
        shape = options.Metrics == 1 ? axes : [.. axes, options.Metrics];
        if (shape.Aggregate(1.0, (product, length) => product * length) > Array.MaxLength / sizeof(double))
            throw new ArgumentException($"A row of shape ({string.Join(", ", shape)}) is too large for an array; use fewer columns or replicates.");
        Directory.CreateDirectory(folder);
        ScanManifest.Claim(folder, PhaseScanDescription.Of(options, grid), Directory.EnumerateFiles(folder, "*.npy").Any());
    }

    public int ValuesPerRow => shape.Aggregate(1, (product, length) => product * length);

    /// <exception cref="InvalidDataException">The row's file is there but is not whole or not of this scan's shape.</exception>
    public bool Has(int row)
    {
        if (!File.Exists(PathOf(row))) return false;
        CheckShape(row, NpyFile.ReadShape(PathOf(row)));
        return true;
    }

    public void Write(int row, ReadOnlySpan<double> values) => NpyFile.Write(PathOf(row), values, shape);

    /// <summary>Adds the scores of a row that is there to a diagram.</summary>
    public void Score(int row, PhaseDiagram diagram)
    {
        var array = NpyFile.Read(PathOf(row));
        CheckShape(row, array.Shape);
        for (var column = 0; column < grid.Noise.Count; column++)
        {
            var outcomes = new double[options.OutcomesPerCell];
            for (var optimizer = 0; optimizer < options.Optimizers.Count; optimizer++)
                Slice(array.Values, optimizer, column).CopyTo(outcomes.AsSpan(optimizer * options.OutcomesPerOptimizer));
            diagram.Add(row, column, CellResult.Score(options, grid.At(row, column), outcomes));
        }
    }

    /// <summary>Where a row's values hold one optimizer in one cell.</summary>
    public Span<double> Slice(double[] row, int optimizer, int column) =>
        row.AsSpan((optimizer * grid.Noise.Count + column) * options.OutcomesPerOptimizer, options.OutcomesPerOptimizer);

    private string PathOf(int row) => Path.Combine(folder, $"{prefix}-{row}.npy");

    private void CheckShape(int row, IReadOnlyList<int> found)
    {
        if (!found.SequenceEqual(shape))
            throw new InvalidDataException(
                $"{PathOf(row)}: expected shape ({string.Join(", ", shape)}), found ({string.Join(", ", found)}). Move the file away to have the row made anew.");
    }
}
