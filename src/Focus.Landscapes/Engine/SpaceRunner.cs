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
