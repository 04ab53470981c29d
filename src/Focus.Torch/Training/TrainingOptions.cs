namespace Focus;

/// <summary>What every training run needs to know: optimizer, schedule, length, seed, device.</summary>
public record TrainingOptions
{
    /// <summary>The optimizer and its hyperparameters; by default FOCUS as in the paper's MNIST runs (η 1e-3, β1 0.9, β2 0.99, γ 0.2, ω
    /// 1e-2).</summary>
    public OptimizerOptions Optimizer { get; init; }
        = new FocusOptions { LearningRate = 1e-3, Beta2 = 0.99, Gamma = 0.2, WeightDecay = 1e-2 };

    /// <summary>How the learning rate changes over the run; by default it does not.</summary>
    public LearningRateSchedule Schedule { get; init; } = new ConstantSchedule();

    /// <summary>Rows per step, ≥ 1 and at most the rows of the data.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>The most steps to take, ≥ 1, or null for as many as <see cref="Epochs"/> asks for.</summary>
    public long? MaxSteps { get; init; }

    /// <summary>The most passes over the data, ≥ 1, or null for as many as <see cref="MaxSteps"/> asks for; where both are null,
    /// 10.</summary>
    /// <remarks>Each pass shuffles the rows anew and leaves out the last few that do not fill a batch.</remarks>
    public int? Epochs { get; init; }

    /// <summary>Seeds initial weights and data order: equal seeds give equal runs on the CPU. Null: ML.NET trainers take the context's,
    /// others 0.</summary>
    public int? Seed { get; init; }

    /// <summary>Where to train: <c>cpu</c>, <c>cuda</c>, or <c>cuda:1</c> and so on.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Steps between evaluations, ≥ 0; the last step is always followed by one, and with 0 it is the only one.</summary>
    public long EvaluationInterval { get; init; }

    /// <summary>Stops the run after the step at hand; what has been trained so far is kept.</summary>
    public CancellationToken CancellationToken { get; init; }

    /// <summary>Is told of every step.</summary>
    public IProgress<TrainingProgress>? Progress { get; init; }

    /// <summary>Checks the options that do not depend on the data.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is out of range; the message names it, its value and the range.</exception>
    public virtual void Validate()
    {
        ArgumentNullException.ThrowIfNull(Optimizer);
        ArgumentNullException.ThrowIfNull(Schedule);
        Optimizer.Validate();
        RequireAtLeast(1, BatchSize, nameof(BatchSize));
        RequireAtLeast(1, MaxSteps, nameof(MaxSteps));
        RequireAtLeast(1, Epochs, nameof(Epochs));
        RequireAtLeast(0, EvaluationInterval, nameof(EvaluationInterval));
        TorchDevice.Require(Device);
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

    private static void RequireAtLeast(long least, long? value, string name)
    {
        if (value < least) throw new ArgumentOutOfRangeException(name, $"{name} is {value}; it must be at least {least}.");
    }
}
