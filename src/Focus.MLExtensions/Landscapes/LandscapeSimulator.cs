using System.Runtime.Intrinsics;

namespace Focus;

/// <summary>Simulates optimizers on a toy landscape, one cell of a phase diagram at a time; thread-safe.</summary>
/// <remarks>
/// A run is one optimizer with one learning rate from one starting point. Its random stream depends only on the seed, the landscape, the
/// cell's values, the optimizer (its name, and the hyperparameters of those that are compiled in), the learning rate and the number of the
/// replicate, so results do not depend on threads, vector width or order. Long runs are chaotic if steps overshoot the valley: another
/// rounding changes single runs, but not their statistics.
/// </remarks>
public sealed class LandscapeSimulator
{
    /// <summary>Creates a simulator.</summary>
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
    /// <param name="outcomes">Receives the outcome of each run, ordered optimizer, learning rate, replicate, metric:
    /// <see cref="Options.OutcomesPerCell"/> numbers.</param>
    /// <param name="cancellation">Stops the simulation; the outcomes are then incomplete.</param>
    /// <exception cref="ArgumentException">A value of the cell is outside its range, or the number of outcomes does not fit.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was requested.</exception>
    public void Simulate(LandscapeCell cell, Span<double> outcomes, CancellationToken cancellation = default)
    {
        cell.Validate();
        CheckLength(Settings, outcomes);
        for (var i = 0; i < Settings.Optimizers.Count; i++)
        {
            var part = outcomes.Slice(i * Settings.OutcomesPerOptimizer, Settings.OutcomesPerOptimizer);
            Run(new RunBatch(Settings, cell, Settings.Optimizers[i]) { Outcomes = part, Cancellation = cancellation });
        }
    }

    /// <summary>Records the path of one run, the same run as in <see cref="Simulate(LandscapeCell, CancellationToken)"/>.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="optimizer">The index of the optimizer in the settings.</param>
    /// <param name="learningRate">The learning rate, above 0; it need not be one of the settings'.</param>
    /// <param name="replicate">The number of the replicate, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is outside its range.</exception>
    public LandscapePath Trace(LandscapeCell cell, int optimizer, double learningRate, int replicate = 0)
    {
        cell.Validate();
        Check.Between(0, Settings.Optimizers.Count - 1, optimizer);
        Check.Positive(learningRate);
        Check.AtLeast(0, replicate);
        var points = new double[2 * (Settings.Steps + 1)];
        var batch = new RunBatch(Settings, cell, Settings.Optimizers[optimizer]) { Outcomes = points, Traced = (learningRate, replicate) };
        batch.Optimizer.Run<LanesScalar, SingleLanesScalar>(batch);
        double[] u = [.. points.Where((_, i) => i % 2 == 0)], v = [.. points.Where((_, i) => i % 2 == 1)];
        return new(u, v, [.. u.Zip(v, (along, across) => Settings.Landscape.Loss(cell, along, across))]);
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
        switch (batch.Options.VectorWidth)
        {
            case VectorWidth.Scalar:
                batch.Optimizer.Run<LanesScalar, SingleLanesScalar>(batch);
                break;
            case VectorWidth.Bits512:
            case VectorWidth.Widest when Vector512.IsHardwareAccelerated:
                batch.Optimizer.Run<Lanes512, SingleLanes512>(batch);
                break;
            default:
                batch.Optimizer.Run<Lanes256, SingleLanes256>(batch);
                break;
        }
    }

    /// <summary>The settings of a simulation; the defaults are those of the phase diagrams in arXiv:2501.12243.</summary>
    public record Options
    {
        private const int MostOutcomes = 1 << 27;

        /// <summary>The loss landscape.</summary>
        public Landscape Landscape { get; init; } = Landscape.NarrowingValley;

        /// <summary>The optimizers, at least one, with names that differ, not only in case.</summary>
        public IReadOnlyList<LandscapeOptimizer> Optimizers { get; init; } =
            [LandscapeOptimizer.Adam(), LandscapeOptimizer.Focus(), LandscapeOptimizer.Signum()];

        /// <summary>The learning rates, at least one, each above 0.</summary>
        public IReadOnlyList<double> LearningRates { get; init; } = Grid.LogSpace(1e-3, 1, 20);

        /// <summary>Runs for each optimizer and learning rate, at least 1 and at most 1,000,000.</summary>
        public int Replicates { get; init; } = 50;

        /// <summary>Steps of a run, 1 to 10,000,000.</summary>
        public int Steps { get; init; } = 1000;

        /// <summary>Dimensions of parameter space, 2 to 100,000. Above two, each run has a valley with an axis in a random direction.</summary>
        public int Dimensions { get; init; } = 2;

        /// <summary>In two dimensions, the angle in radians from the first coordinate to the valley's axis; finite.</summary>
        public double Angle { get; init; } = Math.PI / 6;

        /// <summary>Standard deviation of each coordinate of the starting point; finite, at least 0.</summary>
        public double StartSpread { get; init; } = 1e-4;

        /// <summary>The seed of all random streams.</summary>
        public long Seed { get; init; } = 1;

        /// <summary>Which runs share their random draws.</summary>
        public NoiseMode NoiseMode { get; init; } = NoiseMode.Independent;

        /// <summary>What is recorded of each run.</summary>
        public RunRecording Recording { get; init; } = RunRecording.FinalLoss;

        /// <summary>The vector width; the results do not depend on it.</summary>
        public VectorWidth VectorWidth { get; init; } = VectorWidth.Widest;

        /// <summary>Numbers recorded of each run: 1 or 3.</summary>
        public int Metrics => Recording == RunRecording.FinalLoss ? 1 : 3;

        /// <summary>Numbers recorded of one cell: optimizers × learning rates × replicates × metrics, in this order.</summary>
        public int OutcomesPerCell => Optimizers.Count * OutcomesPerOptimizer;

        internal int OutcomesPerOptimizer => LearningRates.Count * Replicates * Metrics;

        /// <summary>Checks all settings.</summary>
        /// <exception cref="ArgumentException">A setting is missing, empty or outside its range.</exception>
        public virtual void Validate()
        {
            ArgumentNullException.ThrowIfNull(Landscape);
            foreach (var optimizer in Check.NotEmpty(Optimizers)) ArgumentNullException.ThrowIfNull(optimizer, nameof(Optimizers));
            if (Optimizers.GroupBy(optimizer => optimizer.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1) is { } twice)
                throw new ArgumentException(
                    $"Optimizers holds {twice.Key} {twice.Count()} times; expected different names, which {nameof(LandscapeOptimizer)}."
                    + $"{nameof(LandscapeOptimizer.From)} can give.", nameof(Optimizers));
            foreach (var rate in Check.NotEmpty(LearningRates)) Check.Positive(rate, nameof(LearningRates));
            Check.Between(1, 1_000_000, Replicates);
            Check.Between(1, 10_000_000, Steps);
            Check.Between(2, 100_000, Dimensions);
            var outcomes = (double)Optimizers.Count * LearningRates.Count * Replicates * Metrics;
            if (outcomes > MostOutcomes)
                throw new ArgumentException(
                    $"{Optimizers.Count} optimizers × {LearningRates.Count} learning rates × {Replicates} replicates × {Metrics} metrics are more "
                    + $"than the {MostOutcomes} numbers that a cell can hold; use fewer replicates.", nameof(Replicates));
            Check.Finite(Angle);
            Check.NonNegative(StartSpread);
        }
    }
}

/// <summary>What a simulation records of each run.</summary>
public enum RunRecording
{
    /// <summary>The loss after the last step.</summary>
    FinalLoss,

    /// <summary>The loss after the last step, the lowest loss after any step, the largest coordinate on the valley's axis after any step
    /// (at least 0).</summary>
    Extremes,
}

/// <summary>Which runs share their random draws.</summary>
public enum NoiseMode
{
    /// <summary>Every run has its own draws.</summary>
    Independent,

    /// <summary>Common random numbers: a replicate of a cell has the same draws for every optimizer and learning rate, which makes
    /// comparisons of optimizers more precise.</summary>
    Common,
}

/// <summary>The float64 numbers in a vector of a simulation. The results do not depend on it.</summary>
public enum VectorWidth
{
    /// <summary>The widest vectors that the processor has.</summary>
    Widest,

    /// <summary>One lane.</summary>
    Scalar,

    /// <summary>256 bits, 4 lanes.</summary>
    Bits256,

    /// <summary>512 bits, 8 lanes.</summary>
    Bits512,
}

/// <summary>The score of one optimizer in one cell.</summary>
/// <param name="Optimizer">The optimizer's name.</param>
/// <param name="Loss">The lowest, over learning rates, of the mean final loss over replicates; NaN if no mean is finite.</param>
/// <param name="LearningRate">The learning rate of that mean; NaN if no mean is finite.</param>
/// <param name="StandardError">The standard error of that mean; NaN with a single replicate.</param>
public readonly record struct OptimizerScore(string Optimizer, double Loss, double LearningRate, double StandardError);

/// <summary>The outcome of one cell.</summary>
/// <param name="Cell">The cell.</param>
/// <param name="Outcomes">The outcome of each run, ordered optimizer, learning rate, replicate, metric (final loss and, with
/// <see cref="RunRecording.Extremes"/>, lowest loss and largest coordinate on the axis).</param>
/// <param name="Scores">One score for each optimizer, in the order of the options.</param>
/// <param name="Winner">The index of the optimizer with the lowest score, the first of equals; −1 if no score is finite.</param>
public sealed record CellResult(LandscapeCell Cell, double[] Outcomes, IReadOnlyList<OptimizerScore> Scores, int Winner)
{
    /// <summary>Scores the outcomes of a cell.</summary>
    /// <param name="options">The settings of the simulation.</param>
    /// <param name="cell">The cell.</param>
    /// <param name="outcomes"><see cref="LandscapeSimulator.Options.OutcomesPerCell"/> numbers.</param>
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
            if (double.IsFinite(mean.Value) && !(mean.Value >= best.Loss))
                best = new(name, mean.Value, options.LearningRates[rate], mean.StandardError);
        }
        return best;
    }
}

/// <summary>The path of one run in the valley's coordinates, at the start and after each step.</summary>
/// <param name="U">The coordinate on the axis.</param>
/// <param name="V">The coordinate across the axis; above two dimensions the distance from the axis.</param>
/// <param name="Loss">The loss.</param>
public sealed record LandscapePath(double[] U, double[] V, double[] Loss);
