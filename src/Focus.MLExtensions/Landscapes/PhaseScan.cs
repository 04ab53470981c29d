using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;

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

/// <summary>How far a scan has come.</summary>
/// <param name="Cells">Cells simulated so far.</param>
/// <param name="TotalCells">Cells to simulate; rows that were finished before do not count.</param>
/// <param name="Steps">Optimizer steps made so far.</param>
public readonly record struct ScanProgress(long Cells, long TotalCells, long Steps);

/// <summary>Simulates the cells of a phase diagram on all cores and keeps every finished row in a folder.</summary>
/// <remarks>A row is one .npy file, <c>{prefix}-{row}.npy</c>, of shape (optimizer, noise, learning rate, replicate) or, with
/// <see cref="RunRecording.Extremes"/>, (optimizer, noise, learning rate, replicate, metric), as published with arXiv:2501.12243.
/// Finished rows are never made twice nor replaced, so a scan can be stopped and taken up again, and shards can share a folder.</remarks>
public sealed class PhaseScan
{
    private readonly LandscapeSimulator simulator;
    private readonly PhaseGrid grid;
    private readonly ScanFolder folder;

    /// <summary>Opens a folder for a scan, new or begun.</summary>
    /// <param name="simulator">Simulates the cells.</param>
    /// <param name="grid">The cells.</param>
    /// <param name="folder">The folder of the results; it is made where it is not there.</param>
    /// <param name="prefix">What the names of the row files start with.</param>
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
        (this.simulator, this.grid) = (simulator, grid);
        this.folder = new ScanFolder(folder, prefix, simulator.Settings, grid);
    }

    /// <summary>How many rows the folder holds, whoever made them.</summary>
    /// <exception cref="InvalidDataException">A row's file is incomplete or of another shape.</exception>
    public int FinishedRows => Finished().Count();

    /// <summary>Simulates the rows of a shard that are not finished.</summary>
    /// <param name="shard">Which rows.</param>
    /// <param name="progress">Is told after each cell, from any thread.</param>
    /// <param name="threads">Threads at most, at least 1; −1 for as many as there are cores.</param>
    /// <param name="cancellation">Stops the scan; rows that are not finished are lost, the others are kept.</param>
    /// <exception cref="ArgumentException">There are more shards than rows, or <paramref name="threads"/> is 0.</exception>
    /// <exception cref="InvalidDataException">A row's file is incomplete or of another shape.</exception>
    /// <exception cref="IOException">A row cannot be written.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was requested.</exception>
    public void Run(Shard shard, IProgress<ScanProgress>? progress = null, int threads = -1, CancellationToken cancellation = default)
    {
        var rows = shard.Of(grid.Rows.Count, "rows").Where(row => !folder.Has(row)).ToArray();
        var columns = grid.Noise.Count;
        var total = (long)rows.Length * columns;
        var stepsPerCell = (long)simulator.Settings.OutcomesPerCell / simulator.Settings.Metrics * simulator.Settings.Steps;
        var unfinished = new ConcurrentDictionary<int, Row>();
        var done = 0L;
        var cells = from row in rows from column in Enumerable.Range(0, columns) select (Row: row, Column: column);
        ParallelWork.Run(cells, threads, cancellation, cell =>
        {
            var row = unfinished.GetOrAdd(cell.Row, _ => new Row(new double[folder.ValuesPerRow], columns));
            Simulate(cell.Row, cell.Column, row.Values, cancellation);
            if (row.FinishCell() && unfinished.TryRemove(cell.Row, out _)) folder.Write(cell.Row, row.Values);
            var count = Interlocked.Increment(ref done);
            progress?.Report(new(count, total, count * stepsPerCell));
        });
    }

    /// <summary>The scores of all finished rows in the folder.</summary>
    /// <exception cref="InvalidDataException">A row's file is incomplete or of another shape.</exception>
    public PhaseDiagram Score()
    {
        var diagram = new PhaseDiagram(grid, [.. simulator.Settings.Optimizers.Select(optimizer => optimizer.Name)]);
        foreach (var row in Finished()) folder.Score(row, diagram);
        return diagram;
    }

    private IEnumerable<int> Finished() => Enumerable.Range(0, grid.Rows.Count).Where(folder.Has);

    private void Simulate(int row, int column, double[] values, CancellationToken cancellation)
    {
        var settings = simulator.Settings;
        var outcomes = ArrayPool<double>.Shared.Rent(settings.OutcomesPerCell);
        try
        {
            simulator.Simulate(grid.At(row, column), outcomes.AsSpan(0, settings.OutcomesPerCell), cancellation);
            for (var optimizer = 0; optimizer < settings.Optimizers.Count; optimizer++)
                outcomes.AsSpan(optimizer * settings.OutcomesPerOptimizer, settings.OutcomesPerOptimizer).CopyTo(folder.Slice(values, optimizer, column));
        }
        finally
        {
            ArrayPool<double>.Shared.Return(outcomes);
        }
    }

    private sealed class Row(double[] values, int cells)
    {
        private int remaining = cells;

        public double[] Values => values;

        public bool FinishCell() => Interlocked.Decrement(ref remaining) == 0;
    }
}

/// <summary>The scores of all cells of a scan that are finished.</summary>
/// <param name="grid">The cells.</param>
/// <param name="optimizers">The optimizers' names, in the order of the scores.</param>
public sealed class PhaseDiagram(PhaseGrid grid, IReadOnlyList<string> optimizers)
{
    private readonly (IReadOnlyList<OptimizerScore> Scores, int Winner)?[,] cells =
        new (IReadOnlyList<OptimizerScore>, int)?[grid.Rows.Count, grid.Noise.Count];

    /// <summary>The cells' places and values.</summary>
    public PhaseGrid Grid { get; } = grid;

    /// <summary>The optimizers' names, in the order of the scores.</summary>
    public IReadOnlyList<string> Optimizers { get; } = optimizers;

    /// <summary>Whether every cell has its scores.</summary>
    public bool IsComplete => cells.Cast<object?>().All(cell => cell is not null);

    /// <summary>Adds the scores of a cell.</summary>
    public void Add(int row, int column, CellResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        cells[row, column] = (result.Scores, result.Winner);
    }

    /// <summary>The scores of a cell, one for each optimizer, or null where the cell is not finished.</summary>
    public IReadOnlyList<OptimizerScore>? Scores(int row, int column) => cells[row, column]?.Scores;

    /// <summary>The index of the best of all optimizers, or −1 where the cell is not finished or no score is finite.</summary>
    public int Winner(int row, int column) => cells[row, column]?.Winner ?? -1;

    /// <summary>The index of the better of two optimizers (figure 5), or −1 where the cell is not finished or neither score is
    /// finite.</summary>
    public int Winner(int row, int column, int first, int second)
    {
        if (Scores(row, column) is not { } scores || double.IsNaN(scores[first].Loss) && double.IsNaN(scores[second].Loss)) return -1;
        return scores[second].Loss < scores[first].Loss || double.IsNaN(scores[first].Loss) ? second : first;
    }

    /// <summary>The noise of a row above which one optimizer beats another: the boundary that misplaces the fewest cells.</summary>
    /// <param name="row">A finished row.</param>
    /// <param name="below">The index of the optimizer that is better at little noise.</param>
    /// <param name="above">The index of the optimizer that is better at much noise.</param>
    /// <returns>The middle between two columns, or the first or last noise where one optimizer is better everywhere.</returns>
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
    public void WriteCsv(string path) => AtomicFile.Write(path, stream =>
    {
        using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
        writer.Write(Grid.Axis == PhaseAxis.Sharpness ? "sharpness,noise,winner" : "weight_decay,noise,winner");
        foreach (var optimizer in Optimizers) writer.Write($",{optimizer}_loss,{optimizer}_learning_rate,{optimizer}_standard_error");
        writer.WriteLine();
        for (var row = 0; row < Grid.Rows.Count; row++)
        {
            for (var column = 0; column < Grid.Noise.Count; column++)
            {
                if (Scores(row, column) is not { } scores) continue;
                var winner = Winner(row, column);
                var name = winner < 0 ? "" : Optimizers[winner];
                writer.Write(string.Create(CultureInfo.InvariantCulture, $"{Grid.Rows[row]:R},{Grid.Noise[column]:R},{name}"));
                foreach (var score in scores)
                    writer.Write(string.Create(CultureInfo.InvariantCulture, $",{score.Loss:R},{score.LearningRate:R},{score.StandardError:R}"));
                writer.WriteLine();
            }
        }
    });
}

/// <summary>What the results of a phase diagram depend on: grid, settings and seed, but not how the work is divided.</summary>
internal static class PhaseScanDescription
{
    public static JsonObject Of(LandscapeSimulator.Options options, PhaseGrid grid) => new()
    {
        ["format"] = "focus-landscape-scan-1",
        ["landscape"] = options.Landscape.Name,
        ["dimensions"] = options.Dimensions,
        ["angle"] = options.Dimensions == 2 ? options.Angle : null,
        ["rows"] = grid.Axis.ToString(),
        ["row_values"] = Values(grid.Rows),
        ["noise"] = Values(grid.Noise),
        ["sharpness"] = grid.Axis == PhaseAxis.Sharpness ? null : grid.Cell.Sharpness,
        ["weight_decay"] = grid.Axis == PhaseAxis.WeightDecay ? null : grid.Cell.WeightDecay,
        ["slope"] = grid.Cell.Slope,
        ["optimizers"] = new JsonArray([.. options.Optimizers.Select(optimizer => (JsonNode)optimizer.ToString())]),
        ["learning_rates"] = Values(options.LearningRates),
        ["replicates"] = options.Replicates,
        ["steps"] = options.Steps,
        ["start_spread"] = options.StartSpread,
        ["seed"] = options.Seed,
        ["noise_mode"] = options.NoiseMode.ToString(),
        ["recording"] = options.Recording.ToString(),
    };

    private static JsonArray Values(IReadOnlyList<double> values) => new([.. values.Select(value => (JsonNode)value)]);
}

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
