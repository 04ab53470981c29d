namespace Focus;

/// <summary>What was measured in a run: a number for each metric and step, NaN where there was no measurement.</summary>
public sealed class RunMetrics
{
    private readonly float[] values;

    internal RunMetrics(ScanPlan plan)
    {
        (Count, Steps) = (plan.Metrics.Count, plan.Steps);
        values = new float[Count * Steps];
        Array.Fill(values, float.NaN);
    }

    /// <summary>The number of metrics.</summary>
    public int Count { get; }

    /// <summary>The steps of the run.</summary>
    public int Steps { get; }

    /// <summary>The step, from 1, after which the run could not go on, its loss being no finite number; null for a run that was
    /// finished.</summary>
    public int? DivergedAt { get; set; }

    /// <summary>A metric after a step.</summary>
    /// <param name="metric">The index of the metric in the plan.</param>
    /// <param name="step">1 to <see cref="Steps"/>.</param>
    public float this[int metric, int step]
    {
        get => Of(metric)[step - 1];
        set => Of(metric)[step - 1] = value;
    }

    /// <summary>A metric after the last step; NaN for a run that diverged.</summary>
    public float Final(int metric) => DivergedAt is null ? this[metric, Steps] : float.NaN;

    /// <summary>A metric after each step.</summary>
    public Span<float> Of(int metric) => values.AsSpan(metric * Steps, Steps);

    /// <summary>All numbers, ordered metric, step.</summary>
    internal ReadOnlySpan<float> All => values;
}
