namespace Focus;

/// <summary>The settings of a classifier's training run.</summary>
public record TrainingOptions : TrainingRunOptions
{
    /// <summary>The defaults: FOCUS as in the paper's MNIST runs (η 1e-3, β1 0.9, β2 0.99, γ 0.2, ω 1e-2), 64 rows a step.</summary>
    public TrainingOptions() : base(new FocusOptions { LearningRate = 1e-3, Beta2 = 0.99, Gamma = 0.2, WeightDecay = 1e-2 }, batchSize: 64)
    {
    }

    /// <summary>The most steps to take, ≥ 1, or null for as many as <see cref="Epochs"/> asks for.</summary>
    public long? MaxSteps { get; init; }

    /// <summary>The most passes over the data, ≥ 1, or null for as many as <see cref="MaxSteps"/> asks for; where both are null,
    /// 10.</summary>
    /// <remarks>Each pass shuffles the rows anew and leaves out the last few that do not fill a batch.</remarks>
    public int? Epochs { get; init; }

    /// <summary>Is told of every step.</summary>
    public IProgress<TrainingProgress>? Progress { get; init; }

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        RequireAtLeast(1, MaxSteps);
        RequireAtLeast(1, Epochs);
        if (MaxSteps is { } steps) Schedule.Validate(steps);
    }

    /// <summary>The length of a run over data of <paramref name="rows"/> rows.</summary>
    /// <exception cref="ArgumentException">There are fewer rows than a batch takes.</exception>
    internal long StepsFor(long rows)
    {
        if (rows < BatchSize)
            throw new ArgumentException($"{nameof(BatchSize)} is {BatchSize}, but the data has {rows} rows; a batch can have at most {rows}.");
        var epochs = Epochs ?? (MaxSteps is null ? 10 : null);
        var steps = epochs * (rows / BatchSize);
        return Math.Min(steps ?? long.MaxValue, MaxSteps ?? long.MaxValue);
    }
}
