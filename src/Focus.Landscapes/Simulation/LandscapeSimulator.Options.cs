namespace Focus;

public sealed partial class LandscapeSimulator
{
    /// <summary>The settings of a simulation; the defaults are those of the phase diagrams in arXiv:2501.12243.</summary>
    public record Options
    {
        private const int MostOutcomes = 1 << 27;

        /// <summary>The loss landscape.</summary>
        public Landscape Landscape { get; init; } = Landscape.NarrowingValley;

        /// <summary>The optimizers, at least one, with different names.</summary>
        public IReadOnlyList<LandscapeOptimizer> Optimizers { get; init; } =
            [LandscapeOptimizer.Adam(), LandscapeOptimizer.Focus(), LandscapeOptimizer.Signum()];

        /// <summary>The learning rates, at least one, each above 0.</summary>
        public IReadOnlyList<double> LearningRates { get; init; } = Grid.LogSpace(1e-3, 1, 20);

        /// <summary>Runs for each optimizer and learning rate, at least 1 and at most 1,000,000.</summary>
        public int Replicates { get; init; } = 50;

        /// <summary>Steps of a run, 1 to 10,000,000.</summary>
        public int Steps { get; init; } = 1000;

        /// <summary>Dimensions of parameter space, 2 to 100,000. Beyond two, the valley's axis points in a random direction, another one for
        /// each run.</summary>
        public int Dimensions { get; init; } = 2;

        /// <summary>In two dimensions, the angle in radians from the first coordinate to the valley's axis; finite.</summary>
        public double Angle { get; init; } = Math.PI / 6;

        /// <summary>Standard deviation of each coordinate of the starting point; finite, at least 0.</summary>
        public double StartSpread { get; init; } = 1e-4;

        /// <summary>The seed of all random streams.</summary>
        public long Seed { get; init; } = 1;

        /// <summary>Which runs share their random draws.</summary>
        public NoiseMode NoiseMode { get; init; } = NoiseMode.Independent;

        /// <summary>What is kept of each run.</summary>
        public RunRecording Recording { get; init; } = RunRecording.FinalLoss;

        /// <summary>The vector width; the results do not depend on it.</summary>
        public VectorWidth VectorWidth { get; init; } = VectorWidth.Widest;

        /// <summary>Numbers kept of each run: 1 or 3.</summary>
        public int Metrics => Recording == RunRecording.FinalLoss ? 1 : 3;

        /// <summary>Numbers kept of one cell: optimizers × learning rates × replicates × metrics, in this order.</summary>
        public int OutcomesPerCell => Optimizers.Count * OutcomesPerOptimizer;

        internal int OutcomesPerOptimizer => LearningRates.Count * Replicates * Metrics;

        /// <summary>Checks all settings.</summary>
        /// <exception cref="ArgumentException">A setting is missing, empty or outside its range.</exception>
        public virtual void Validate()
        {
            ArgumentNullException.ThrowIfNull(Landscape);
            Guard.NotEmpty(Optimizers);
            foreach (var optimizer in Optimizers) ArgumentNullException.ThrowIfNull(optimizer, nameof(Optimizers));
            if (Optimizers.GroupBy(optimizer => optimizer.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
                throw new ArgumentException($"Optimizers holds {twice.Key} {twice.Count()} times; each name may occur once.", nameof(Optimizers));
            foreach (var rate in Guard.NotEmpty(LearningRates)) Guard.Positive(rate, nameof(LearningRates));
            Guard.Between(1, 1_000_000, Replicates);
            Guard.Between(1, 10_000_000, Steps);
            Guard.Between(2, 100_000, Dimensions);
            var outcomes = (double)Optimizers.Count * LearningRates.Count * Replicates * Metrics;
            if (outcomes > MostOutcomes)
                throw new ArgumentException(
                    $"{Optimizers.Count} optimizers × {LearningRates.Count} learning rates × {Replicates} replicates × {Metrics} metrics are more than "
                    + $"the {MostOutcomes} numbers that a cell can hold; use fewer replicates.", nameof(Replicates));
            Guard.Finite(Angle);
            Guard.NonNegative(StartSpread);
        }
    }
}
