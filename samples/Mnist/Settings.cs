namespace Mnist;

/// <summary>What the command line asks for.</summary>
internal sealed record Settings(
    string Data, bool Download, string Optimizer, int BatchSize, double LearningRate, long Steps, int Seed, string Model);
