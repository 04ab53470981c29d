using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>Takes the runs of a batch through the planar kernel, a block at a time.</summary>
internal static unsafe class PlaneRunner<T, TSingle, TValley, TRule>
    where T : struct, ILanes<T> where TSingle : struct, ISingleLanes<TSingle> where TValley : struct, IValley where TRule : struct, IRule
{
    /// <summary>Runs in a block: enough vectors to hide latencies, few enough for the first-level cache.</summary>
    private const int BlockRuns = 64;

    /// <summary>Steps whose noise is drawn at a time.</summary>
    private const int ChunkSteps = 32;

    public static void Run(RunBatch batch, TValley valley, TRule rule)
    {
        if (batch.Options.Recording == RunRecording.FinalLoss) Run<FinalLossRecorder>(batch, valley, rule);
        else Run<ExtremesRecorder>(batch, valley, rule);
    }

    private static void Run<TRecorder>(RunBatch batch, TValley valley, TRule rule) where TRecorder : struct, IRecorder<TRecorder>
    {
        using var workspace = batch.Workspaces.Rent();
        if (batch.Options.NoiseMode == NoiseMode.Independent) RunIndependent<TRecorder>(batch, valley, rule, workspace);
        else RunCommon<TRecorder>(batch, valley, rule, workspace);
    }

    /// <summary>The lanes hold all learning rates and replicates, and every lane draws its own noise.</summary>
    private static void RunIndependent<TRecorder>(RunBatch batch, TValley valley, TRule rule, Workspace workspace)
        where TRecorder : struct, IRecorder<TRecorder>
    {
        var options = batch.Options;
        var (total, replicates) = (batch.Runs, options.Replicates);
        for (var offset = 0; offset < total; offset += BlockRuns)
        {
            batch.Cancellation.ThrowIfCancellationRequested();
            var used = Math.Min(BlockRuns, total - offset);
            var runs = Lanes.RoundUp(used);
            workspace.Reset(Bytes<TRecorder>(runs, ChunkSteps));
            var block = new PlaneBlock(workspace, runs);
            var recorder = TRecorder.Create(workspace, runs);
            var streams = new NoiseStreams(workspace, runs);
            var noise = workspace.Take<float>(NoiseStreams.Draws(runs, ChunkSteps));
            for (var run = 0; run < used; run++)
            {
                var (rate, replicate) = Math.DivRem(offset + run, replicates);
                block.SetRate(run, options.LearningRates[rate], batch.Cell.WeightDecay);
                streams.Start(run, batch.Key(options.LearningRates[rate], replicate));
            }

            streams.Fill<TSingle>(noise, 1, options.StartSpread);
            block.Start(noise);
            for (var start = 0; start < options.Steps; start += ChunkSteps)
            {
                var count = Math.Min(ChunkSteps, options.Steps - start);
                streams.Fill<TSingle>(noise, count, batch.Cell.Noise);
                Advance(batch, block, ref valley, ref rule, ref recorder, noise, start, count);
            }
            Finish(batch, block, valley, recorder, offset, used);
        }
    }

    /// <summary>The lanes hold replicates; the noise of all steps is drawn once and serves every learning rate.</summary>
    private static void RunCommon<TRecorder>(RunBatch batch, TValley valley, TRule rule, Workspace workspace)
        where TRecorder : struct, IRecorder<TRecorder>
    {
        var options = batch.Options;
        for (var offset = 0; offset < options.Replicates; offset += BlockRuns)
        {
            var used = Math.Min(BlockRuns, options.Replicates - offset);
            var runs = Lanes.RoundUp(used);
            workspace.Reset(Bytes<TRecorder>(runs, options.Steps + 1));
            var streams = new NoiseStreams(workspace, runs);
            var startNoise = workspace.Take<float>(NoiseStreams.Draws(runs, 1));
            var noise = workspace.Take<float>(NoiseStreams.Draws(runs, options.Steps));
            for (var run = 0; run < used; run++) streams.Start(run, batch.Key(0, offset + run));
            streams.Fill<TSingle>(startNoise, 1, options.StartSpread);
            streams.Fill<TSingle>(noise, options.Steps, batch.Cell.Noise);

            var mark = workspace.Mark;
            for (var rate = 0; rate < options.LearningRates.Count; rate++)
            {
                batch.Cancellation.ThrowIfCancellationRequested();
                workspace.Release(mark);
                var block = new PlaneBlock(workspace, runs);
                var recorder = TRecorder.Create(workspace, runs);
                for (var run = 0; run < used; run++) block.SetRate(run, options.LearningRates[rate], batch.Cell.WeightDecay);
                block.Start(startNoise);
                Advance(batch, block, ref valley, ref rule, ref recorder, noise, 0, options.Steps);
                Finish(batch, block, valley, recorder, rate * options.Replicates + offset, used);
            }
        }
    }

    /// <summary>The path of one run: (u, v) at the start and after each step.</summary>
    public static void Trace(RunBatch batch, TValley valley, TRule rule, double learningRate, int replicate)
    {
        using var workspace = batch.Workspaces.Rent();
        const int runs = Lanes.Multiple;
        workspace.Reset(Bytes<FinalLossRecorder>(runs, 1));
        var block = new PlaneBlock(workspace, runs);
        var streams = new NoiseStreams(workspace, runs);
        var noise = workspace.Take<float>(NoiseStreams.Draws(runs, 1));
        var recorder = default(FinalLossRecorder);
        block.SetRate(0, learningRate, batch.Cell.WeightDecay);
        streams.Start(0, batch.Key(learningRate, replicate));
        streams.Fill<TSingle>(noise, 1, batch.Options.StartSpread);
        block.Start(noise);
        for (var step = 0; step <= batch.Options.Steps; step++)
        {
            if (step > 0)
            {
                streams.Fill<TSingle>(noise, 1, batch.Cell.Noise);
                Advance(batch, block, ref valley, ref rule, ref recorder, noise, step - 1, 1);
            }
            (batch.Outcomes[2 * step], batch.Outcomes[2 * step + 1]) = block.OnAxis(0, Axis(batch));
        }
    }

    private static void Advance<TRecorder>(
        RunBatch batch, PlaneBlock block, ref TValley valley, ref TRule rule, ref TRecorder recorder, float* noise, int start, int count)
        where TRecorder : struct, IRecorder<TRecorder> =>
        PlaneKernel.Advance<T, TValley, TRule, TRecorder>(
            block, ref valley, ref rule, ref recorder, Axis(batch), batch.Optimizer.Factors(batch.Options.Steps), noise, start, count);

    private static void Finish<TRecorder>(RunBatch batch, PlaneBlock block, TValley valley, TRecorder recorder, int offset, int used)
        where TRecorder : struct, IRecorder<TRecorder>
    {
        var metrics = batch.Options.Metrics;
        for (var run = 0; run < used; run++)
        {
            var (u, v) = block.OnAxis(run, Axis(batch));
            recorder.Finish(valley, run, u, v * v, batch.Outcomes.Slice((offset + run) * metrics, metrics));
        }
    }

    private static (double Cosine, double Sine) Axis(RunBatch batch) => (Math.Cos(batch.Options.Angle), Math.Sin(batch.Options.Angle));

    private static nuint Bytes<TRecorder>(int runs, int steps) where TRecorder : struct, IRecorder<TRecorder> =>
        PlaneBlock.Bytes(runs) + TRecorder.Bytes(runs) + NoiseStreams.Bytes(runs) + Workspace.Bytes<float>(NoiseStreams.Draws(runs, steps));
}

/// <summary>The loop over steps and runs in two dimensions, compiled for one vector width, valley, optimizer and recorder.</summary>
internal static unsafe class PlaneKernel
{
    /// <summary>Advances all runs of a block by <paramref name="count"/> steps, from step index <paramref name="start"/> on.</summary>
    /// <remarks>
    /// State lives in arrays in the first-level cache, not in registers: a step is a long chain of dependent operations, so many vectors
    /// must be under way at once, more than registers hold. Valley and rule come by reference, because their constants are then broadcast
    /// while they are loaded, which costs nothing; from registers it would cost a shuffle each time. <paramref name="noise"/> is ordered
    /// step, coordinate, run.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Advance<T, TValley, TRule, TRecorder>(
        PlaneBlock block, ref TValley valley, ref TRule rule, ref TRecorder recorder, (double Cosine, double Sine) axis,
        (double First, double Second)[] factors, float* noise, int start, int count)
        where T : struct, ILanes<T> where TValley : struct, IValley where TRule : struct, IRule where TRecorder : struct, IRecorder<TRecorder>
    {
        var c = T.Broadcast(axis.Cosine);
        var s = T.Broadcast(axis.Sine);
        var stride = block.Runs;
        for (var step = start; step < start + count; step++)
        {
            var first = T.Broadcast(factors[step].First);
            var second = T.Broadcast(factors[step].Second);
            for (var run = 0; run < block.Runs; run += T.Count)
            {
                var x = T.Load(block.X + run);
                var y = T.Load(block.Y + run);
                var u = T.MultiplyAdd(x, c, y * s);
                var v = T.SubtractProduct(y * c, x, s);
                var q = v * v;
                if (TRecorder.Records && step > 0) recorder.Record(ref valley, run, u, q);

                var (along, across) = valley.Gradient(u, q);
                across *= v;
                var gx = T.SubtractProduct(along * c, across, s);
                var gy = T.MultiplyAdd(along, s, across * c);
                gx = T.MultiplyAdd(gx, T.Widen(noise + run), gx);
                gy = T.MultiplyAdd(gy, T.Widen(noise + stride + run), gy);

                var p = new Pair<T>(x, y);
                var s0 = new Pair<T>(T.Load(block.X0 + run), T.Load(block.Y0 + run));
                var s1 = new Pair<T>(T.Load(block.X1 + run), T.Load(block.Y1 + run));
                rule.Step(
                    ref p, ref s0, ref s1, new Pair<T>(gx, gy), Pair<T>.Of(T.Load(block.Rate + run)), Pair<T>.Of(T.Load(block.Keep + run)),
                    Pair<T>.Of(first), Pair<T>.Of(second));
                p.First.Store(block.X + run);
                p.Second.Store(block.Y + run);
                s0.First.Store(block.X0 + run);
                s0.Second.Store(block.Y0 + run);
                s1.First.Store(block.X1 + run);
                s1.Second.Store(block.Y1 + run);
            }
            noise += 2 * stride;
        }
    }
}

/// <summary>The state of a block of runs in two dimensions, one array for each variable.</summary>
internal readonly unsafe struct PlaneBlock(Workspace workspace, int runs)
{
    public readonly double* X = workspace.Take<double>(runs);
    public readonly double* Y = workspace.Take<double>(runs);
    public readonly double* X0 = workspace.Take<double>(runs);
    public readonly double* Y0 = workspace.Take<double>(runs);
    public readonly double* X1 = workspace.Take<double>(runs);
    public readonly double* Y1 = workspace.Take<double>(runs);

    /// <summary>The learning rates.</summary>
    public readonly double* Rate = workspace.Take<double>(runs);

    /// <summary>1 − learning rate · weight decay.</summary>
    public readonly double* Keep = workspace.Take<double>(runs);

    public int Runs => runs;

    public static nuint Bytes(int runs) => 8 * Workspace.Bytes<double>(runs);

    public void SetRate(int run, double rate, double weightDecay)
    {
        Rate[run] = rate;
        Keep[run] = 1 - rate * weightDecay;
    }

    /// <summary>Starts every run at its pair of draws.</summary>
    public void Start(float* draws)
    {
        for (var run = 0; run < runs; run++)
        {
            X[run] = draws[run];
            Y[run] = draws[runs + run];
        }
    }

    /// <summary>A run's position in the valley's coordinates, computed as the kernel does.</summary>
    public (double U, double V) OnAxis(int run, (double Cosine, double Sine) axis) =>
        (Math.FusedMultiplyAdd(X[run], axis.Cosine, Y[run] * axis.Sine), Math.FusedMultiplyAdd(-X[run], axis.Sine, Y[run] * axis.Cosine));
}

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
