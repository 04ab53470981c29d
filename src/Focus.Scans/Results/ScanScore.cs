namespace Focus;

/// <summary>How well a trainer does at a batch size.</summary>
/// <param name="Trainer">The trainer's name.</param>
/// <param name="BatchSize">The batch size.</param>
/// <param name="FirstRun">The number of the first of the runs, one for each replicate, that did best; −1 where no mean is finite.</param>
/// <param name="LearningRate">Their learning rate; NaN where no mean is finite.</param>
/// <param name="Mean">Their mean: the lowest over learning rates; NaN where none is finite.</param>
/// <param name="StandardDeviation">Their standard deviation (divisor n − 1); NaN with a single replicate.</param>
public readonly record struct ScanScore(
    string Trainer, int BatchSize, int FirstRun, double LearningRate, double Mean, double StandardDeviation);
