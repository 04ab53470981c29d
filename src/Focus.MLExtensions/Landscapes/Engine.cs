using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Focus;

/// <summary>Simulates the runs of a batch, a block at a time.</summary>
internal static unsafe class Engine<T, TSingle, TValley, TRule>
    where T : struct, ILanes<T> where TSingle : struct, ISingleLanes<TSingle> where TValley : struct, IValley where TRule : struct, IRule
{
    public static void Run(RunBatch batch, TValley valley, TRule rule)
    {
        if (batch is { Options: { NoiseMode: NoiseMode.Common, Dimensions: 2 }, Traced: null })
        {
            RunCommon(batch, valley, rule);
            return;
        }
        for (var group = 0; group < batch.Runs; group += batch.GroupRuns)
            for (var first = 0; first < batch.GroupRuns; first += batch.BlockRuns)
                RunBlock(batch, valley, rule, group + first, Math.Min(batch.BlockRuns, batch.GroupRuns - first), commonNoise: null);
    }

    /// <summary>A block holds replicates of one learning rate; the noise of all steps is drawn once and serves every learning rate.</summary>
    private static void RunCommon(RunBatch batch, TValley valley, TRule rule)
    {
        var options = batch.Options;
        for (var first = 0; first < options.Replicates; first += batch.BlockRuns)
        {
            var used = Math.Min(batch.BlockRuns, options.Replicates - first);
            var runs = Lanes.RoundUp(used);
            using var workspace = new Workspace();
            var streams = new NoiseStreams(workspace, runs);
            var noise = workspace.Take<float>(NoiseStreams.Draws(runs, options.Steps));
            for (var run = 0; run < used; run++) streams.Start(run, batch.Key(0, first + run));
            streams.Fill<TSingle>(noise, 1, options.StartSpread); // The starting points, which the blocks draw again.
            streams.Fill<TSingle>(noise, options.Steps, batch.Cell.Noise);
            for (var rate = 0; rate < options.LearningRates.Count; rate++)
                RunBlock(batch, valley, rule, rate * options.Replicates + first, used, noise);
        }
    }

    private static void RunBlock(RunBatch batch, TValley valley, TRule rule, int first, int used, float* commonNoise)
    {
        batch.Cancellation.ThrowIfCancellationRequested();
        var options = batch.Options;
        var runs = Lanes.RoundUp(used);
        using var workspace = new Workspace();
        var block = new Block(workspace, options.Dimensions, runs);
        var recorder = new Recorder(workspace, options.Recording, runs);
        var streams = new NoiseStreams(workspace, runs);
        var noise = workspace.Take<float>(NoiseStreams.Draws(runs, block.Pairs * batch.ChunkSteps));
        for (var run = 0; run < used; run++)
        {
            var (rate, replicate) = batch.Run(first + run);
            (block.Rate[run], block.Keep[run]) = (rate, 1 - rate * batch.Cell.WeightDecay);
            streams.Start(run, batch.Key(rate, replicate));
        }
        block.Start<TSingle>(streams, noise, options);
        var update = (batch.Optimizer as RuleOptimizer)?.Start<T>(block, workspace, block.Rate[0], batch.Cell.WeightDecay);

        var factors = batch.Optimizer.Factors(options.Steps);
        var chunk = commonNoise == null ? batch.ChunkSteps : options.Steps;
        for (var start = 0; start < options.Steps; start += chunk)
        {
            if (batch.Traced is not null) batch.AddPoint(start, block.Position(0));
            var count = Math.Min(chunk, options.Steps - start);
            if (commonNoise == null) streams.Fill<TSingle>(noise, block.Pairs * count, batch.Cell.Noise);
            else noise = commonNoise;
            if (update is null) Kernel.Advance<T, TValley, TRule>(block, ref valley, ref rule, recorder, factors, noise, start, count);
            else Advance(block, valley, rule, update, recorder, factors, noise, start, count);
        }
        update?.Finish();

        if (batch.Traced is not null)
        {
            batch.AddPoint(options.Steps, block.Position(0));
            return;
        }
        for (var run = 0; run < used; run++)
        {
            var (u, _, q) = block.Position(run);
            recorder.Finish(valley, run, u, q, batch.Outcomes.Slice((first + run) * options.Metrics, options.Metrics));
        }
    }

    /// <summary>Advances all runs of a block step by step.</summary>
    private static void Advance(
        Block block, TValley valley, TRule rule, BlockUpdate update, Recorder recorder,
        (double First, double Second)[] factors, float* noise, int start, int count)
    {
        for (var step = start; step < start + count; step++)
        {
            if (update.NeedsCurvature(step))
            {
                Kernel.Curve<T, TValley>(block, valley);
                update.TakeCurvature();
            }
            Kernel.Advance<T, TValley, TRule>(block, ref valley, ref rule, recorder, factors, noise, step, 1);
            update.Step(step);
            noise += 2 * block.Pairs * block.Runs;
        }
    }
}

/// <summary>The runs of one optimizer in one cell, in the order learning rate, replicate, and where their outcomes go.</summary>
internal readonly ref struct RunBatch(LandscapeSimulator.Options options, LandscapeCell cell, LandscapeOptimizer optimizer)
{
    private readonly StreamKey key = BaseKey(options, cell, optimizer);

    public LandscapeSimulator.Options Options => options;
    public LandscapeCell Cell => cell;
    public LandscapeOptimizer Optimizer => optimizer;

    /// <summary>Learning rate, replicate, metric; of a traced run, the points of its path.</summary>
    public required Span<double> Outcomes { get; init; }

    public CancellationToken Cancellation { get; init; }

    /// <summary>The only run of a batch that records a path.</summary>
    public (double LearningRate, int Replicate)? Traced { get; init; }

    public int Runs => Traced is null ? Options.LearningRates.Count * Options.Replicates : 1;

    /// <summary>Runs that may share blocks, a divisor of their number: all, or those of one learning rate.</summary>
    public int GroupRuns => Traced is null && Optimizer is RuleOptimizer ? Options.Replicates : Runs;

    /// <summary>Runs of a block: in two dimensions enough vectors to hide latencies and few enough for the first-level cache.</summary>
    public int BlockRuns => Options.Dimensions == 2 ? 64 : Lanes.Multiple;

    /// <summary>Steps whose noise is drawn at a time.</summary>
    public int ChunkSteps => Traced is not null ? 1 : Options.Dimensions == 2 ? 32 : 8;

    public (double LearningRate, int Replicate) Run(int index) =>
        Traced ?? (Options.LearningRates[index / Options.Replicates], index % Options.Replicates);

    public StreamKey Key(double learningRate, int replicate) =>
        (Options.NoiseMode == NoiseMode.Independent ? key.With(learningRate) : key).With((ulong)replicate);

    public void AddPoint(int step, (double U, double V, double Q) position) =>
        (Outcomes[2 * step], Outcomes[2 * step + 1]) = (position.U, position.V);

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

/// <summary>The state of a block of runs: arrays ordered coordinate, run.</summary>
/// <remarks>Coordinates come in pairs, as their noise does. An odd dimension has one more coordinate, which stays 0 and is off the
/// axis.</remarks>
internal readonly unsafe struct Block(Workspace workspace, int dimensions, int runs)
{
    public readonly double* P = Coordinates(workspace, dimensions, runs);

    public readonly double* S0 = Coordinates(workspace, dimensions, runs), S1 = Coordinates(workspace, dimensions, runs);

    /// <summary>The unit vector of each run's axis; in two dimensions all runs have the same.</summary>
    public readonly double* Axis = Coordinates(workspace, dimensions, runs);

    /// <summary>The learning rates, and 1 − learning rate · weight decay.</summary>
    public readonly double* Rate = workspace.Take<double>(runs), Keep = workspace.Take<double>(runs);

    public int Runs => runs;
    public int Dimensions => dimensions;
    public int Pairs => (dimensions + 1) / 2;

    /// <summary>Draws the axes, in more than two dimensions, and then the starting points.</summary>
    public void Start<TSingle>(NoiseStreams streams, float* draws, LandscapeSimulator.Options options) where TSingle : struct, ISingleLanes<TSingle>
    {
        if (dimensions > 2) streams.Fill<TSingle>(draws, Pairs, 1);
        for (var run = 0; run < runs; run++)
        {
            if (dimensions == 2) (Axis[run], Axis[runs + run]) = (Math.Cos(options.Angle), Math.Sin(options.Angle));
            else PointAxis(run, draws);
        }
        streams.Fill<TSingle>(draws, Pairs, options.StartSpread);
        for (var i = 0; i < dimensions * runs; i++) P[i] = draws[i];
    }

    /// <summary>A run's coordinate on the axis, its distance from it (in two dimensions with a sign) and that distance's square.</summary>
    public (double U, double V, double Q) Position(int run)
    {
        var (u, q) = (0.0, 0.0);
        if (dimensions == 2)
        {
            // Computed as the kernel does.
            var (x, y, cosine, sine) = (P[run], P[runs + run], Axis[run], Axis[runs + run]);
            u = Math.FusedMultiplyAdd(x, cosine, y * sine);
            var distance = Math.FusedMultiplyAdd(-x, sine, y * cosine);
            return (u, distance, distance * distance);
        }
        for (var i = run; i < dimensions * runs; i += runs) u += P[i] * Axis[i];
        for (var i = run; i < dimensions * runs; i += runs)
        {
            var v = P[i] - u * Axis[i];
            q += v * v;
        }
        return (u, Math.Sqrt(q), q);
    }

    private static double* Coordinates(Workspace workspace, int dimensions, int runs) => workspace.Take<double>((dimensions + 1) / 2 * 2 * runs);

    /// <summary>Points a run's axis in the direction of its normal draws, which is uniform on the sphere.</summary>
    private void PointAxis(int run, float* draws)
    {
        var square = 0.0;
        for (var i = run; i < dimensions * runs; i += runs) square += (double)draws[i] * draws[i];
        var scale = 1 / Math.Sqrt(square);
        for (var i = run; i < dimensions * runs; i += runs) Axis[i] = draws[i] * scale;
    }
}

/// <summary>What is recorded of each run of a block: the final loss and, with <see cref="RunRecording.Extremes"/>, the lowest loss after
/// any step and the largest coordinate on the axis after any step (at least 0).</summary>
internal readonly unsafe struct Recorder
{
    private readonly double* lowestLoss;
    private readonly double* projection;

    public Recorder(Workspace workspace, RunRecording recording, int runs)
    {
        if (recording == RunRecording.FinalLoss) return;
        lowestLoss = workspace.Take<double>(runs);
        projection = workspace.Take<double>(runs);
        new Span<double>(lowestLoss, runs).Fill(double.PositiveInfinity);
    }

    public bool KeepsExtremes => lowestLoss != null;

    /// <summary>Records the positions after a step that is not the last.</summary>
    [MethodImpl(Lanes.Inline)]
    public void Record<T, TValley>(ref TValley valley, int run, T u, T q) where T : struct, ILanes<T> where TValley : struct, IValley
    {
        T.Min(T.Load(lowestLoss + run), valley.Loss(u, q)).Store(lowestLoss + run);
        T.Max(T.Load(projection + run), u).Store(projection + run);
    }

    /// <summary>Writes a run's outcome, given its last position.</summary>
    public void Finish<TValley>(TValley valley, int run, double u, double q, Span<double> outcome) where TValley : struct, IValley
    {
        outcome[0] = valley.Loss(LanesScalar.Broadcast(u), LanesScalar.Broadcast(q)).Value;
        if (!KeepsExtremes) return;
        outcome[1] = Math.Min(lowestLoss[run], outcome[0]);
        outcome[2] = Math.Max(projection[run], u);
    }
}

/// <summary>Unmanaged arrays that start on cache lines and are freed together.</summary>
internal sealed unsafe class Workspace : IDisposable
{
    private const nuint CacheLine = 64;
    private const nuint ChunkBytes = 1 << 16;

    private readonly List<nint> chunks = [];
    private byte* next;
    private nuint left;

    /// <summary>An array of zeros.</summary>
    public T* Take<T>(int count) where T : unmanaged
    {
        var bytes = ((nuint)count * (nuint)sizeof(T) + CacheLine - 1) / CacheLine * CacheLine;
        if (bytes > left)
        {
            left = nuint.Max(bytes, ChunkBytes);
            next = (byte*)NativeMemory.AlignedAlloc(left, CacheLine);
            chunks.Add((nint)next);
        }
        var taken = next;
        NativeMemory.Clear(taken, bytes);
        next += bytes;
        left -= bytes;
        return (T*)taken;
    }

    public void Dispose()
    {
        foreach (var chunk in chunks) NativeMemory.AlignedFree((void*)chunk);
    }
}
