using System.Runtime.Intrinsics;

namespace Focus;

/// <summary>Simulates optimizers on a toy landscape, one cell of a phase diagram at a time; thread-safe.</summary>
/// <remarks>
/// A run is one optimizer with one learning rate from one starting point. Its random stream is derived from the seed, the landscape, the
/// cell's values, the optimizer, the learning rate and the replicate's number and from nothing else, so results do not depend on threads,
/// vector width or order. Long runs are chaotic where steps overshoot the valley: what changes a rounding changes single runs, though not
/// their statistics.
/// </remarks>
public sealed partial class LandscapeSimulator
{
    private readonly WorkspacePool workspaces = new();

    /// <summary>Checks the settings and makes a simulator.</summary>
    /// <exception cref="ArgumentException">A setting is missing, empty or outside its range.</exception>
    public LandscapeSimulator(Options options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Settings = options;
    }

    /// <summary>The settings.</summary>
    public Options Settings { get; }

    /// <summary>Simulates and scores one cell, on the calling thread.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value of the cell is outside its range.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was requested.</exception>
    public CellResult Simulate(LandscapeCell cell, CancellationToken cancellation = default)
    {
        var outcomes = new double[Settings.OutcomesPerCell];
        Simulate(cell, outcomes, cancellation);
        return CellResult.Score(Settings, cell, outcomes);
    }

    /// <summary>Simulates one cell, on the calling thread.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="outcomes">Receives what is kept of each run, ordered optimizer, learning rate, replicate, metric;
    /// as many numbers as <see cref="Options.OutcomesPerCell"/>.</param>
    /// <param name="cancellation">Stops the simulation; the outcomes are then incomplete.</param>
    /// <exception cref="ArgumentException">A value of the cell is outside its range, or the number of outcomes does not fit.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was requested.</exception>
    public void Simulate(LandscapeCell cell, Span<double> outcomes, CancellationToken cancellation = default)
    {
        cell.Validate();
        CheckLength(Settings, outcomes);
        for (var i = 0; i < Settings.Optimizers.Count; i++)
        {
            var batch = new RunBatch(Settings, cell, Settings.Optimizers[i])
            {
                Outcomes = outcomes.Slice(i * Settings.OutcomesPerOptimizer, Settings.OutcomesPerOptimizer),
                Workspaces = workspaces,
                Cancellation = cancellation,
            };
            Run(batch);
        }
    }

    /// <summary>Follows one run; without changes of the settings it is the same run that
    /// <see cref="Simulate(LandscapeCell, CancellationToken)"/> makes.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="optimizer">The index of the optimizer in the settings.</param>
    /// <param name="learningRate">The learning rate, above 0; it need not be one of the settings'.</param>
    /// <param name="replicate">The number of the replicate, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is outside its range.</exception>
    public LandscapePath Trace(LandscapeCell cell, int optimizer, double learningRate, int replicate = 0)
    {
        cell.Validate();
        ArgumentOutOfRangeException.ThrowIfNegative(optimizer);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(optimizer, Settings.Optimizers.Count);
        Guard.Positive(learningRate);
        Guard.AtLeast(0, replicate);
        var points = new double[2 * (Settings.Steps + 1)];
        var batch = new RunBatch(Settings, cell, Settings.Optimizers[optimizer]) { Outcomes = points, Workspaces = workspaces };
        batch.Optimizer.Trace(batch, learningRate, replicate);
        return new(Settings.Landscape, cell, points);
    }

    internal static void CheckLength(Options options, ReadOnlySpan<double> outcomes)
    {
        if (outcomes.Length != options.OutcomesPerCell)
            throw new ArgumentException(
                $"outcomes holds {outcomes.Length} numbers; {options.Optimizers.Count} optimizers × {options.LearningRates.Count} learning rates × "
                + $"{options.Replicates} replicates × {options.Metrics} metrics need {options.OutcomesPerCell}.", nameof(outcomes));
    }

    private static void Run(RunBatch batch)
    {
        switch (batch.Options.VectorWidth == VectorWidth.Widest ? Widest() : batch.Options.VectorWidth)
        {
            case VectorWidth.Bits512:
                batch.Optimizer.Run<Lanes512, SingleLanes512>(batch);
                break;
            case VectorWidth.Bits256:
                batch.Optimizer.Run<Lanes256, SingleLanes256>(batch);
                break;
            case VectorWidth.Bits128:
                batch.Optimizer.Run<Lanes128, SingleLanes128>(batch);
                break;
            default:
                batch.Optimizer.Run<LanesScalar, SingleLanesScalar>(batch);
                break;
        }
    }

    private static VectorWidth Widest() =>
        Vector512.IsHardwareAccelerated ? VectorWidth.Bits512
        : Vector256.IsHardwareAccelerated ? VectorWidth.Bits256
        : Vector128.IsHardwareAccelerated ? VectorWidth.Bits128
        : VectorWidth.Scalar;
}
