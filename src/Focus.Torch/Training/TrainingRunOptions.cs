using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>What every training run needs to know: optimizer, schedule, batch size, seed, device.</summary>
public abstract record TrainingRunOptions
{
    private protected TrainingRunOptions(OptimizerOptions optimizer, int batchSize) => (Optimizer, BatchSize) = (optimizer, batchSize);

    /// <summary>The optimizer and its hyperparameters; by default FOCUS as in the paper's runs of the same kind.</summary>
    public OptimizerOptions Optimizer { get; init; }

    /// <summary>How the learning rate changes over the run; by default it does not.</summary>
    public virtual LearningRateSchedule Schedule { get; init; } = new ConstantSchedule();

    /// <summary>Rows of a batch, ≥ 1.</summary>
    public int BatchSize { get; init; }

    /// <summary>Seeds initial weights and data order. Null: ML.NET trainers take the context's, others 0.</summary>
    /// <remarks>On the CPU equal seeds give equal runs, bit for bit, with as many threads on the same kind of processor; others sum in another
    /// order.</remarks>
    public int? Seed { get; init; }

    /// <summary>Where to train: <c>cpu</c>, <c>cuda</c>, or <c>cuda:1</c> and so on.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Steps between evaluations, ≥ 0; the last step is always followed by one, and with 0 it is the only one.</summary>
    public long EvaluationInterval { get; init; }

    /// <summary>Stops the run after the step at hand; what has been trained so far is kept.</summary>
    public CancellationToken CancellationToken { get; init; }

    /// <summary>Checks the options that do not depend on the data.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is out of range; the message names it, its value and the range.</exception>
    public virtual void Validate()
    {
        ArgumentNullException.ThrowIfNull(Optimizer);
        ArgumentNullException.ThrowIfNull(Schedule);
        Optimizer.Validate();
        RequireAtLeast(1, BatchSize);
        RequireAtLeast(0, EvaluationInterval);
        TorchDevice.Require(Device);
    }

    /// <summary>Throws unless <paramref name="value"/> is null or at least <paramref name="least"/>.</summary>
    private protected static void RequireAtLeast(long least, long? value, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (value < least) throw new ArgumentOutOfRangeException(name, $"{name} is {value}; it must be at least {least}.");
    }
}
