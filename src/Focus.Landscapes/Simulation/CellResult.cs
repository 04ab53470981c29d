namespace Focus;

/// <summary>How well one optimizer does in one cell.</summary>
/// <param name="Optimizer">The optimizer's name.</param>
/// <param name="Loss">The lowest, over learning rates, of the mean final loss over replicates; NaN where no mean is finite.</param>
/// <param name="LearningRate">The learning rate it belongs to; NaN where no mean is finite.</param>
/// <param name="StandardError">The standard error of that mean; NaN with a single replicate.</param>
public readonly record struct OptimizerScore(string Optimizer, double Loss, double LearningRate, double StandardError);

/// <summary>The outcome of one cell.</summary>
/// <param name="Cell">The cell.</param>
/// <param name="Outcomes">What was kept of each run, ordered optimizer, learning rate, replicate, metric
/// (final loss, then, with <see cref="RunRecording.Extremes"/>, lowest loss and largest coordinate on the axis).</param>
/// <param name="Scores">One score for each optimizer, in the order of the options.</param>
/// <param name="Winner">The index of the optimizer with the lowest score, the first of equals; −1 where no score is finite.</param>
public sealed record CellResult(LandscapeCell Cell, double[] Outcomes, IReadOnlyList<OptimizerScore> Scores, int Winner)
{
    /// <summary>Scores the outcomes of a cell.</summary>
    /// <param name="options">The settings the outcomes were simulated with.</param>
    /// <param name="cell">The cell.</param>
    /// <param name="outcomes">As many numbers as <see cref="LandscapeSimulator.Options.OutcomesPerCell"/>.</param>
    /// <exception cref="ArgumentException">The number of outcomes does not fit the options.</exception>
    public static CellResult Score(LandscapeSimulator.Options options, LandscapeCell cell, double[] outcomes)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(outcomes);
        LandscapeSimulator.CheckLength(options, outcomes);
        var scores = new OptimizerScore[options.Optimizers.Count];
        var winner = -1;
        for (var i = 0; i < scores.Length; i++)
        {
            scores[i] = Best(options, options.Optimizers[i].Name, outcomes.AsSpan(i * options.OutcomesPerOptimizer, options.OutcomesPerOptimizer));
            if (double.IsFinite(scores[i].Loss) && (winner < 0 || scores[i].Loss < scores[winner].Loss)) winner = i;
        }
        return new(cell, outcomes, scores, winner);
    }

    private static OptimizerScore Best(LandscapeSimulator.Options options, string name, ReadOnlySpan<double> outcomes)
    {
        var best = new OptimizerScore(name, double.NaN, double.NaN, double.NaN);
        var runs = options.Replicates * options.Metrics;
        for (var rate = 0; rate < options.LearningRates.Count; rate++)
        {
            var mean = SampleMean.Of(outcomes.Slice(rate * runs, runs), options.Metrics);
            if (double.IsFinite(mean.Value) && !(mean.Value >= best.Loss)) best = new(name, mean.Value, options.LearningRates[rate], mean.StandardError);
        }
        return best;
    }
}
