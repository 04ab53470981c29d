namespace Gpt2Sample;

/// <summary>A contender's finished runs, one for each seed.</summary>
internal sealed record Outcome(Contender Contender, IReadOnlyList<(int Seed, RunResult Result, LossCurve Curve)> Runs)
{
    /// <summary>The mean over seeds of the last loss; infinite where a run diverged.</summary>
    public double FinalLoss => Runs.Average(run => FinalLossOf(run.Result));

    /// <summary>How much the last losses of the seeds differ: their standard deviation, 0 for a single one.</summary>
    public double FinalSpread => Spread(Runs.Select(run => FinalLossOf(run.Result)));

    /// <summary>The mean curve as far as all runs have come, and the standard deviation over seeds.</summary>
    public (LossCurve Mean, double[] Spread) MeanCurve()
    {
        var length = Runs.Min(run => run.Curve.Losses.Length);
        double[] Mean(Func<LossCurve, double[]> of) => [.. Enumerable.Range(0, length).Select(i => Runs.Average(run => of(run.Curve)[i]))];
        return (
            new(Mean(curve => curve.Steps), Mean(curve => curve.Seconds), Mean(curve => curve.Losses)),
            [.. Enumerable.Range(0, length).Select(i => Spread(Runs.Select(run => run.Curve.Losses[i])))]);
    }

    /// <summary>The last loss of a run; infinite where it diverged.</summary>
    public static double FinalLossOf(RunResult result) => result.ValidationLoss ?? result.TrainLoss ?? double.PositiveInfinity;

    private static double Spread(IEnumerable<double> values)
    {
        var all = values.ToArray();
        var mean = all.Average();
        return all.Length > 1 ? Math.Sqrt(all.Sum(value => (value - mean) * (value - mean)) / (all.Length - 1)) : 0;
    }
}
