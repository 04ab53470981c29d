using System.Text.Json.Nodes;

namespace Focus;

/// <summary>What varies from row to row of a phase diagram.</summary>
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

    /// <summary>A coarser grid: every <paramref name="stride"/>-th row and column, from the first. Its cells have the same outcomes as in
    /// this grid.</summary>
    /// <param name="stride">At least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The stride is below 1.</exception>
    public PhaseGrid Every(int stride)
    {
        Check.AtLeast(1, stride);
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
        Check.NotEmpty(Rows);
        Check.NotEmpty(Noise);
        for (var row = 0; row < Rows.Count; row++) At(row, 0).Validate();
        for (var column = 0; column < Noise.Count; column++) At(0, column).Validate();
    }
}

/// <summary>The progress of a scan.</summary>
/// <param name="Cells">Cells simulated so far.</param>
/// <param name="TotalCells">Cells to simulate; rows that were finished before do not count.</param>
/// <param name="Steps">Optimizer steps made so far.</param>
public readonly record struct ScanProgress(long Cells, long TotalCells, long Steps);

/// <summary>Simulates the cells of a phase diagram on all cores and keeps every finished row in a folder.</summary>
/// <remarks>A row is one .npy file, <c>{prefix}-{row}.npy</c>, of shape (optimizer, noise, learning rate, replicate) or, with
/// <see cref="RunRecording.Extremes"/>, (optimizer, noise, learning rate, replicate, metric), as published with arXiv:2501.12243.
/// Finished rows are never simulated again nor replaced, so a scan can be interrupted and resumed, and shards can share a folder.</remarks>
public sealed class PhaseScan
{
    private readonly LandscapeSimulator simulator;
    private readonly LandscapeSimulator.Options options;
    private readonly PhaseGrid grid;
    private readonly string folder;
    private readonly string prefix;
    private readonly int[] shape;

    /// <summary>Starts a scan in a folder, or resumes one.</summary>
    /// <param name="simulator">Simulates the cells.</param>
    /// <param name="grid">The cells.</param>
    /// <param name="folder">The folder of the results; it is created if it is missing.</param>
    /// <param name="prefix">The start of the row files' names.</param>
    /// <exception cref="ArgumentException">The grid is empty, a value is outside its range, or a row is too large for an array.</exception>
    /// <exception cref="InvalidOperationException">The folder holds results of another grid, seed or other settings.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public PhaseScan(LandscapeSimulator simulator, PhaseGrid grid, string folder, string prefix = "row")
    {
        ArgumentNullException.ThrowIfNull(simulator);
        ArgumentNullException.ThrowIfNull(grid);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentException.ThrowIfNullOrEmpty(prefix);
        grid.Validate();
        (this.simulator, options, this.grid, this.folder, this.prefix) = (simulator, simulator.Settings, grid, folder, prefix);
        int[] axes = [options.Optimizers.Count, grid.Noise.Count, options.LearningRates.Count, options.Replicates];
        shape = options.Metrics == 1 ? axes : [.. axes, options.Metrics];
        if ((double)options.OutcomesPerCell * grid.Noise.Count > Array.MaxLength / sizeof(double))
            throw new ArgumentException($"A row of shape ({string.Join(", ", shape)}) is too large for an array; use fewer columns or replicates.");
        Directory.CreateDirectory(folder);
        ScanManifest.Claim(folder, Describe(), Directory.EnumerateFiles(folder, "*.npy").Any());
    }

    /// <summary>The number of rows in the folder, of all shards.</summary>
    /// <exception cref="InvalidDataException">A row's file is incomplete or of another shape.</exception>
    public int FinishedRows => Finished().Count();

    /// <summary>Simulates the rows of a shard that are not finished.</summary>
    /// <param name="shard">The part of the rows to simulate.</param>
    /// <param name="progress">Receives the progress after each cell, from any thread.</param>
    /// <param name="threads">The most threads to use, at least 1; −1 for as many as there are cores.</param>
    /// <param name="cancellation">Stops the scan; rows that are not finished are lost, the others are kept.</param>
    /// <exception cref="ArgumentException">There are more shards than rows, or <paramref name="threads"/> is 0.</exception>
    /// <exception cref="InvalidDataException">A row's file is incomplete or of another shape.</exception>
    /// <exception cref="IOException">A row cannot be written.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was requested.</exception>
    public void Run(Shard shard, IProgress<ScanProgress>? progress = null, int threads = -1, CancellationToken cancellation = default)
    {
        var rows = shard.Of(grid.Rows.Count, "rows").Where(row => !IsFinished(row)).ToArray();
        var columns = grid.Noise.Count;
        var total = (long)rows.Length * columns;
        var stepsPerCell = (long)options.OutcomesPerCell / options.Metrics * options.Steps;
        var values = new double[]?[grid.Rows.Count];
        var unfinished = Enumerable.Repeat(columns, grid.Rows.Count).ToArray();
        var done = 0L;
        var cells = from row in rows from column in Enumerable.Range(0, columns) select (Row: row, Column: column);
        ParallelWork.Run(cells, threads, cancellation, cell =>
        {
            var row = LazyInitializer.EnsureInitialized(ref values[cell.Row], () => new double[options.OutcomesPerCell * columns]);
            var outcomes = new double[options.OutcomesPerCell];
            simulator.Simulate(grid.At(cell.Row, cell.Column), outcomes, cancellation);
            for (var optimizer = 0; optimizer < shape[0]; optimizer++) Of(outcomes, optimizer).CopyTo(Of(row, optimizer * columns + cell.Column));
            if (Interlocked.Decrement(ref unfinished[cell.Row]) == 0)
            {
                NpyFile.Write(PathOf(cell.Row), row, shape);
                values[cell.Row] = null;
            }
            var count = Interlocked.Increment(ref done);
            progress?.Report(new(count, total, count * stepsPerCell));
        });
    }

    /// <summary>The scores of all finished rows in the folder.</summary>
    /// <exception cref="InvalidDataException">A row's file is incomplete or of another shape.</exception>
    public PhaseDiagram Score()
    {
        var diagram = new PhaseDiagram(grid, [.. options.Optimizers.Select(optimizer => optimizer.Name)]);
        foreach (var row in Finished())
        {
            var values = NpyFile.Read(PathOf(row)).Values;
            for (var column = 0; column < grid.Noise.Count; column++)
            {
                var outcomes = new double[options.OutcomesPerCell];
                for (var optimizer = 0; optimizer < shape[0]; optimizer++)
                    Of(values, optimizer * grid.Noise.Count + column).CopyTo(Of(outcomes, optimizer));
                diagram.Add(row, column, CellResult.Score(options, grid.At(row, column), outcomes));
            }
        }
        return diagram;
    }

    private IEnumerable<int> Finished() => Enumerable.Range(0, grid.Rows.Count).Where(IsFinished);

    private bool IsFinished(int row)
    {
        if (!File.Exists(PathOf(row))) return false;
        var found = NpyFile.ReadShape(PathOf(row));
        if (!found.SequenceEqual(shape))
            throw new InvalidDataException(
                $"{PathOf(row)}: expected shape ({string.Join(", ", shape)}), found ({string.Join(", ", found)}). Move it away to repeat the row.");
        return true;
    }

    private string PathOf(int row) => Path.Combine(folder, $"{prefix}-{row}.npy");

    /// <summary>The outcomes of one optimizer in one cell: the <paramref name="index"/>-th such part of a row or a cell.</summary>
    private Span<double> Of(double[] values, int index) => values.AsSpan(index * options.OutcomesPerOptimizer, options.OutcomesPerOptimizer);

    /// <summary>What the results depend on: grid, settings and seed, but not how the work is divided.</summary>
    private JsonObject Describe() => new()
    {
        ["format"] = "focus-landscape-scan-1",
        ["landscape"] = options.Landscape.Name,
        ["dimensions"] = options.Dimensions,
        ["angle"] = options.Dimensions == 2 ? options.Angle : null,
        ["rows"] = grid.Axis.ToString(),
        ["row_values"] = ScanManifest.List(grid.Rows),
        ["noise"] = ScanManifest.List(grid.Noise),
        ["sharpness"] = grid.Axis == PhaseAxis.Sharpness ? null : grid.Cell.Sharpness,
        ["weight_decay"] = grid.Axis == PhaseAxis.WeightDecay ? null : grid.Cell.WeightDecay,
        ["slope"] = grid.Cell.Slope,
        ["optimizers"] = ScanManifest.List(options.Optimizers.Select(optimizer => optimizer.ToString())),
        ["learning_rates"] = ScanManifest.List(options.LearningRates),
        ["replicates"] = options.Replicates,
        ["steps"] = options.Steps,
        ["start_spread"] = options.StartSpread,
        ["seed"] = options.Seed,
        ["noise_mode"] = options.NoiseMode.ToString(),
        ["recording"] = options.Recording.ToString(),
    };
}

/// <summary>The scores of the finished cells of a scan.</summary>
/// <param name="grid">The cells.</param>
/// <param name="optimizers">The optimizers' names, in the order of the scores.</param>
public sealed class PhaseDiagram(PhaseGrid grid, IReadOnlyList<string> optimizers)
{
    private readonly CellResult?[,] cells = new CellResult?[grid.Rows.Count, grid.Noise.Count];

    /// <summary>The cells.</summary>
    public PhaseGrid Grid { get; } = grid;

    /// <summary>The optimizers' names, in the order of the scores.</summary>
    public IReadOnlyList<string> Optimizers { get; } = optimizers;

    /// <summary>Whether every cell has its scores.</summary>
    public bool IsComplete => cells.Cast<object?>().All(cell => cell is not null);

    /// <summary>Adds the scores of a cell.</summary>
    public void Add(int row, int column, CellResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        cells[row, column] = result with { Outcomes = [] };
    }

    /// <summary>The scores of a cell, one for each optimizer, or null if the cell is not finished.</summary>
    public IReadOnlyList<OptimizerScore>? Scores(int row, int column) => cells[row, column]?.Scores;

    /// <summary>The index of the best of all optimizers, or −1 if the cell is not finished or no score is finite.</summary>
    public int Winner(int row, int column) => cells[row, column]?.Winner ?? -1;

    /// <summary>The index of the better of two optimizers (figure 5), or −1 if the cell is not finished or neither score is finite.</summary>
    public int Winner(int row, int column, int first, int second)
    {
        if (Scores(row, column) is not { } scores || double.IsNaN(scores[first].Loss) && double.IsNaN(scores[second].Loss)) return -1;
        return scores[second].Loss < scores[first].Loss || double.IsNaN(scores[first].Loss) ? second : first;
    }

    /// <summary>The noise of a row above which one optimizer beats another: the boundary that misplaces the fewest cells.</summary>
    /// <param name="row">A finished row.</param>
    /// <param name="below">The index of the optimizer that is better at little noise.</param>
    /// <param name="above">The index of the optimizer that is better at much noise.</param>
    /// <returns>The middle between two columns, or the first or last noise if one optimizer is better everywhere.</returns>
    public double CriticalNoise(int row, int below, int above)
    {
        var columns = Grid.Noise.Count;
        var misplaced = Enumerable.Range(0, columns).Count(column => Winner(row, column, below, above) != above);
        var (fewest, best) = (misplaced, 0);
        for (var boundary = 1; boundary <= columns; boundary++)
        {
            misplaced += Winner(row, boundary - 1, below, above) == above ? 1 : -1;
            if (misplaced < fewest) (fewest, best) = (misplaced, boundary);
        }
        if (best == 0) return Grid.Noise[0];
        return best == columns ? Grid.Noise[^1] : 0.5 * (Grid.Noise[best - 1] + Grid.Noise[best]);
    }

    /// <summary>Writes a table: row value, noise, winner, and each optimizer's best mean final loss, its learning rate and its standard
    /// error.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void WriteCsv(string path) => CsvFile.Write(
        path,
        [
            Grid.Axis == PhaseAxis.Sharpness ? "sharpness" : "weight_decay", "noise", "winner",
            .. Optimizers.SelectMany(name => new[] { $"{name}_loss", $"{name}_learning_rate", $"{name}_standard_error" }),
        ],
        from row in Enumerable.Range(0, Grid.Rows.Count)
        from column in Enumerable.Range(0, Grid.Noise.Count)
        let scores = Scores(row, column)
        where scores is not null
        let winner = Winner(row, column)
        select (object[])
        [
            Grid.Rows[row], Grid.Noise[column], winner < 0 ? "" : Optimizers[winner],
            .. scores.SelectMany(score => new object[] { score.Loss, score.LearningRate, score.StandardError }),
        ]);
}
