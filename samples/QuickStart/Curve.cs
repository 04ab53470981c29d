using Focus;

namespace QuickStart;

/// <summary>Test losses along a run, and its progress.</summary>
internal sealed class Curve(Action<long> onStep) : IProgress<TrainingProgress>
{
    /// <summary>The steps after which the table shows the loss.</summary>
    public static IReadOnlyList<int> Steps { get; } = [100, 200, 400, 600];

    public List<double> Losses { get; } = [];

    public void Report(TrainingProgress value)
    {
        onStep(value.Step);
        if (value.Evaluation is { } evaluation && Steps.Contains((int)value.Step)) Losses.Add(evaluation.Loss);
    }
}
