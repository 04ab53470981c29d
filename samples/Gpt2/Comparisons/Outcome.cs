namespace Gpt2Sample;

/// <summary>A contender's finished runs, one for each seed.</summary>
internal sealed record Outcome(Contender Contender, IReadOnlyList<(int Seed, RunResult Result, LossCurve Curve)> Runs)
{
    /// <summary>The mean over seeds of the last loss; infinite where a run diverged.</summary>
    public double FinalLoss => Runs.Average(run => FinalLossOf(run.Result));

    /// <summary>How much the last losses of the seeds differ: their standard deviation, 0 for a single one.</summary>
    public double FinalSpread => Spread(Runs.Select(run => FinalLossOf(run.Result)));

    /// <summary>The mean curve over the steps at which every run was evaluated, and the standard deviation over seeds.</summary>
    /// <remarks>A run that is interrupted while it is evaluated lacks that point.</remarks>
    public (LossCurve Mean, double[] Spread) MeanCurve()
    {
        var steps = Runs.Select(run => run.Curve.Steps.AsEnumerable()).Aggregate((common, next) => common.Intersect(next)).ToArray();
        var curves = Runs.Select(run => run.Curve.At(steps)).ToArray();
        double[] Over(Func<LossCurve, double[]> values, Func<IEnumerable<double>, double> statistic)
            => [.. steps.Select((_, i) => statistic(curves.Select(curve => values(curve)[i])))];
        return (
            new(steps, Over(curve => curve.Seconds, Enumerable.Average), Over(curve => curve.Losses, Enumerable.Average)),
            Over(curve => curve.Losses, Spread));
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
