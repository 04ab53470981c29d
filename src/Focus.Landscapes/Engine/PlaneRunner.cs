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
