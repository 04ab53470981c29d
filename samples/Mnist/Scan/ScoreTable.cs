using Focus;

namespace Mnist;

/// <summary>The best mean test loss of each optimizer at each batch size.</summary>
internal sealed class ScoreTable
{
    private readonly ScanScore?[,] scores;

    public ScoreTable(ScanResults results)
    {
        Plan = results.Plan;
        scores = new ScanScore?[Plan.Trainers.Count, Plan.BatchSizes.Count];
        for (var trainer = 0; trainer < Plan.Trainers.Count; trainer++)
            for (var size = 0; size < Plan.BatchSizes.Count; size++)
                scores[trainer, size] = results.Best(trainer, size, Metric.TestLoss);
    }

    public ScanPlan Plan { get; }

    /// <summary>The score, or null where runs are missing.</summary>
    public ScanScore? this[int trainer, int size] => scores[trainer, size];

    /// <summary>An optimizer's numbers over the batch sizes in ascending order, NaN where there is no score.</summary>
    public double[] Over(int trainer, Func<ScanScore, double> select) =>
        [.. SizesAscending().Select(size => this[trainer, size] is { } score ? select(score) : double.NaN)];

    /// <summary>The batch sizes in ascending order.</summary>
    public double[] BatchSizes() => [.. SizesAscending().Select(size => (double)Plan.BatchSizes[size])];

    private IEnumerable<int> SizesAscending() => Enumerable.Range(0, Plan.BatchSizes.Count).OrderBy(size => Plan.BatchSizes[size]);
}
