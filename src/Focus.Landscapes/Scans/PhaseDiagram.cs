using System.Globalization;

namespace Focus;

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
