using System.Buffers;
using System.Collections.Concurrent;

namespace Focus;

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
