using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>Takes the runs of a batch through the kernel for many dimensions, a block at a time.</summary>
internal static unsafe class SpaceRunner<T, TSingle, TValley, TRule>
    where T : struct, ILanes<T> where TSingle : struct, ISingleLanes<TSingle> where TValley : struct, IValley where TRule : struct, IRule
{
    private const int BlockRuns = Lanes.Multiple;

    /// <summary>Steps whose noise is drawn at a time.</summary>
    private const int ChunkSteps = 8;

    public static void Run(RunBatch batch, TValley valley, TRule rule)
    {
        if (batch.Options.Recording == RunRecording.FinalLoss) Run<FinalLossRecorder>(batch, valley, rule);
        else Run<ExtremesRecorder>(batch, valley, rule);
    }

    private static void Run<TRecorder>(RunBatch batch, TValley valley, TRule rule) where TRecorder : struct, IRecorder<TRecorder>
    {
        var options = batch.Options;
        var (total, replicates, metrics) = (batch.Runs, options.Replicates, options.Metrics);
        using var workspace = batch.Workspaces.Rent();
        for (var offset = 0; offset < total; offset += BlockRuns)
        {
            batch.Cancellation.ThrowIfCancellationRequested();
            var state = new State<TRecorder>(workspace, options.Dimensions);
            var used = Math.Min(BlockRuns, total - offset);
            for (var run = 0; run < used; run++)
            {
                var (rate, replicate) = Math.DivRem(offset + run, replicates);
                state.StartRun(batch, run, options.LearningRates[rate], replicate);
            }
            state.StartBlock(batch);
            for (var start = 0; start < options.Steps; start += ChunkSteps)
                state.Advance(batch, ref valley, ref rule, start, Math.Min(ChunkSteps, options.Steps - start));
            for (var run = 0; run < used; run++)
            {
                var (u, q) = state.Block.OnAxis(run);
                state.Recorder.Finish(valley, run, u, q, batch.Outcomes.Slice((offset + run) * metrics, metrics));
            }
        }
    }

    /// <summary>The path of one run: (u, distance from the axis) at the start and after each step.</summary>
    public static void Trace(RunBatch batch, TValley valley, TRule rule, double learningRate, int replicate)
    {
        using var workspace = batch.Workspaces.Rent();
        var state = new State<FinalLossRecorder>(workspace, batch.Options.Dimensions);
        state.StartRun(batch, 0, learningRate, replicate);
        state.StartBlock(batch);
        for (var step = 0; step <= batch.Options.Steps; step++)
        {
            if (step > 0) state.Advance(batch, ref valley, ref rule, step - 1, 1);
            var (u, q) = state.Block.OnAxis(0);
            (batch.Outcomes[2 * step], batch.Outcomes[2 * step + 1]) = (u, Math.Sqrt(q));
        }
    }

    private ref struct State<TRecorder> where TRecorder : struct, IRecorder<TRecorder>
    {
        public readonly SpaceBlock Block;
        public TRecorder Recorder;
        private readonly NoiseStreams streams;
        private readonly float* noise;
        private readonly int pairs;

        public State(Workspace workspace, int dimensions)
        {
            pairs = SpaceBlock.Pairs(dimensions);
            var draws = NoiseStreams.Draws(BlockRuns, pairs * ChunkSteps);
            workspace.Reset(
                SpaceBlock.Bytes(dimensions, BlockRuns) + TRecorder.Bytes(BlockRuns) + NoiseStreams.Bytes(BlockRuns) + Workspace.Bytes<float>(draws));
            Block = new SpaceBlock(workspace, dimensions, BlockRuns);
            Recorder = TRecorder.Create(workspace, BlockRuns);
            streams = new NoiseStreams(workspace, BlockRuns);
            noise = workspace.Take<float>(draws);
        }

        public readonly void StartRun(RunBatch batch, int run, double learningRate, int replicate)
        {
            Block.SetRate(run, learningRate, batch.Cell.WeightDecay);
            streams.Start(run, batch.Key(learningRate, replicate));
        }

        public readonly void StartBlock(RunBatch batch)
        {
            streams.Fill<TSingle>(noise, pairs, 1);
            Block.SetAxes(noise);
            streams.Fill<TSingle>(noise, pairs, batch.Options.StartSpread);
            Block.Start(noise);
        }

        public void Advance(RunBatch batch, ref TValley valley, ref TRule rule, int start, int count)
        {
            streams.Fill<TSingle>(noise, pairs * count, batch.Cell.Noise);
            SpaceKernel.Advance<T, TValley, TRule, TRecorder>(
                Block, ref valley, ref rule, ref Recorder, batch.Optimizer.Factors(batch.Options.Steps), noise, start, count);
        }
    }
}

/// <summary>The loop over runs and steps in many dimensions, compiled for one vector width, valley, optimizer and recorder.</summary>
/// <remarks>
/// A valley depends on u and on the distance from the axis only, so of the rotation of parameter space only the axis r matters: with
/// u = r·θ and v = θ − u·r, the gradient is (∂L/∂u)·r + h·v. A step is linear in the dimension, where the rotation's matrix would be
/// quadratic.
/// </remarks>
internal static unsafe class SpaceKernel
{
    /// <summary>Advances all runs of a block by <paramref name="count"/> steps, from step index <paramref name="start"/> on.</summary>
    /// <remarks>One vector of runs makes all these steps before the next does, because its state fits the first-level cache and the block's
    /// does not. <paramref name="noise"/> is ordered step, coordinate, run.</remarks>
    public static void Advance<T, TValley, TRule, TRecorder>(
        SpaceBlock block, ref TValley valley, ref TRule rule, ref TRecorder recorder,
        (double First, double Second)[] factors, float* noise, int start, int count)
        where T : struct, ILanes<T> where TValley : struct, IValley where TRule : struct, IRule where TRecorder : struct, IRecorder<TRecorder>
    {
        var draws = block.Coordinates * block.Runs;
        for (var run = 0; run < block.Runs; run += T.Count)
            for (var i = 0; i < count; i++)
                Step<T, TValley, TRule, TRecorder>(block, ref valley, ref rule, ref recorder, factors[start + i], noise + i * draws, run, start + i > 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Step<T, TValley, TRule, TRecorder>(
        SpaceBlock block, ref TValley valley, ref TRule rule, ref TRecorder recorder,
        (double First, double Second) factors, float* noise, int run, bool moved)
        where T : struct, ILanes<T> where TValley : struct, IValley where TRule : struct, IRule where TRecorder : struct, IRecorder<TRecorder>
    {
        var runs = block.Runs;
        var end = block.Coordinates * runs;
        var sum = Pair<T>.Broadcast(0);
        for (var i = run; i < end; i += 2 * runs) sum = Pair<T>.MultiplyAdd(Load<T>(block.P + i, runs), Load<T>(block.Axis + i, runs), sum);
        var u = sum.First + sum.Second;
        var onAxis = Pair<T>.Of(u);

        sum = Pair<T>.Broadcast(0);
        for (var i = run; i < end; i += 2 * runs)
        {
            var v = Pair<T>.SubtractProduct(Load<T>(block.P + i, runs), onAxis, Load<T>(block.Axis + i, runs));
            sum = Pair<T>.MultiplyAdd(v, v, sum);
        }
        var q = sum.First + sum.Second;
        if (TRecorder.Records && moved) recorder.Record(ref valley, run, u, q);

        var gradient = valley.Gradient(u, q);
        var (along, across) = (Pair<T>.Of(gradient.Along), Pair<T>.Of(gradient.Across));
        var (first, second) = (Pair<T>.Broadcast(factors.First), Pair<T>.Broadcast(factors.Second));
        var rate = Pair<T>.Of(T.Load(block.Rate + run));
        var keep = Pair<T>.Of(T.Load(block.Keep + run));
        for (var i = run; i < end; i += 2 * runs)
        {
            var p = Load<T>(block.P + i, runs);
            var axis = Load<T>(block.Axis + i, runs);
            var s0 = Load<T>(block.S0 + i, runs);
            var s1 = Load<T>(block.S1 + i, runs);
            var g = Pair<T>.MultiplyAdd(along, axis, across * Pair<T>.SubtractProduct(p, onAxis, axis));
            g = Pair<T>.MultiplyAdd(g, new(T.Widen(noise + i), T.Widen(noise + i + runs)), g);
            rule.Step(ref p, ref s0, ref s1, g, rate, keep, first, second);
            Store(p, block.P + i, runs);
            Store(s0, block.S0 + i, runs);
            Store(s1, block.S1 + i, runs);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Pair<T> Load<T>(double* source, int stride) where T : struct, ILanes<T> => new(T.Load(source), T.Load(source + stride));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<T>(Pair<T> value, double* destination, int stride) where T : struct, ILanes<T>
    {
        value.First.Store(destination);
        value.Second.Store(destination + stride);
    }
}

/// <summary>The state of a block of runs in many dimensions: arrays ordered coordinate, run.</summary>
/// <remarks>Coordinates come in pairs, as their noise does; an odd dimension has one more coordinate that stays 0 and is off the
/// axis.</remarks>
internal readonly unsafe struct SpaceBlock(Workspace workspace, int dimensions, int runs)
{
    public readonly double* P = workspace.Take<double>(2 * Pairs(dimensions) * runs);
    public readonly double* S0 = workspace.Take<double>(2 * Pairs(dimensions) * runs);
    public readonly double* S1 = workspace.Take<double>(2 * Pairs(dimensions) * runs);

    /// <summary>The unit vector of each run's axis.</summary>
    public readonly double* Axis = workspace.Take<double>(2 * Pairs(dimensions) * runs);

    /// <summary>The learning rates.</summary>
    public readonly double* Rate = workspace.Take<double>(runs);

    /// <summary>1 − learning rate · weight decay.</summary>
    public readonly double* Keep = workspace.Take<double>(runs);

    public int Runs => runs;

    /// <summary>The coordinates, the padding included.</summary>
    public int Coordinates => 2 * Pairs(dimensions);

    public static int Pairs(int dimensions) => (dimensions + 1) / 2;

    public static nuint Bytes(int dimensions, int runs) =>
        4 * Workspace.Bytes<double>(2 * Pairs(dimensions) * runs) + 2 * Workspace.Bytes<double>(runs);

    public void SetRate(int run, double rate, double weightDecay)
    {
        Rate[run] = rate;
        Keep[run] = 1 - rate * weightDecay;
    }

    /// <summary>Points every run's axis in the direction of its normal draws, which is uniform on the sphere.</summary>
    public void SetAxes(float* draws)
    {
        for (var run = 0; run < runs; run++)
        {
            var square = 0.0;
            for (var i = 0; i < dimensions; i++) square += (double)draws[i * runs + run] * draws[i * runs + run];
            var scale = 1 / Math.Sqrt(square);
            for (var i = 0; i < dimensions; i++) Axis[i * runs + run] = draws[i * runs + run] * scale;
        }
    }

    /// <summary>Starts every run at its draws.</summary>
    public void Start(float* draws)
    {
        for (var i = 0; i < dimensions * runs; i++) P[i] = draws[i];
    }

    /// <summary>A run's coordinate on the axis and its squared distance from it.</summary>
    public (double U, double Q) OnAxis(int run)
    {
        var (u, q) = (0.0, 0.0);
        for (var i = 0; i < dimensions; i++) u += P[i * runs + run] * Axis[i * runs + run];
        for (var i = 0; i < dimensions; i++)
        {
            var v = P[i * runs + run] - u * Axis[i * runs + run];
            q += v * v;
        }
        return (u, q);
    }
}
