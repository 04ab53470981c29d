namespace Focus;

/// <summary>One training run of a plan.</summary>
/// <param name="Index">Its number in the plan, from 0.</param>
/// <param name="Trainer">The index of its trainer.</param>
/// <param name="BatchSize">Its batch size.</param>
/// <param name="LearningRate">Its learning rate.</param>
/// <param name="Replicate">Which of the runs with the same settings it is, from 0.</param>
/// <param name="Seed">Its own seed, at least 0, for whatever is random in it.</param>
public readonly record struct ScanRun(int Index, int Trainer, int BatchSize, double LearningRate, int Replicate, int Seed);
