namespace Focus;

/// <summary>The runs of one optimizer in one cell, in the order learning rate, replicate, and where their outcomes go.</summary>
internal readonly ref struct RunBatch(LandscapeSimulator.Options options, LandscapeCell cell, LandscapeOptimizer optimizer)
{
    private readonly StreamKey key = BaseKey(options, cell, optimizer);

    public LandscapeSimulator.Options Options { get; } = options;

    public LandscapeCell Cell { get; } = cell;

    public LandscapeOptimizer Optimizer { get; } = optimizer;

    /// <summary>Learning rate, replicate, metric.</summary>
    public required Span<double> Outcomes { get; init; }

    public required WorkspacePool Workspaces { get; init; }

    public CancellationToken Cancellation { get; init; }

    public int Runs => Options.LearningRates.Count * Options.Replicates;

    public StreamKey Key(double learningRate, int replicate) =>
        (Options.NoiseMode == NoiseMode.Independent ? key.With(learningRate) : key).With((ulong)replicate);

    private static StreamKey BaseKey(LandscapeSimulator.Options options, LandscapeCell cell, LandscapeOptimizer optimizer)
    {
        var key = new StreamKey(options.Seed).With(options.Landscape.Name).With((ulong)options.Dimensions)
            .With(cell.Sharpness).With(cell.Noise).With(cell.WeightDecay).With(cell.Slope);
        if (options.NoiseMode == NoiseMode.Common) return key;
        key = key.With(optimizer.Name);
        foreach (var (_, value) in optimizer.Hyperparameters) key = key.With(value);
        return key;
    }
}
