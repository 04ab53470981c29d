namespace Focus;

/// <summary>One stream of normal pairs for each of a block's runs; the draws of a run depend on its key only.</summary>
internal readonly unsafe struct NoiseStreams(Workspace workspace, int runs)
{
    private readonly uint* state = workspace.Take<uint>(4 * runs);

    /// <summary>The runs, a multiple of <see cref="Lanes.Multiple"/>.</summary>
    public int Runs => runs;

    public static nuint Bytes(int runs) => Workspace.Bytes<uint>(4 * runs);

    /// <summary>The float32 numbers that <see cref="Fill"/> writes.</summary>
    public static int Draws(int runs, int pairs) => 2 * pairs * runs;

    public void Start(int run, StreamKey key)
    {
        var (low, high) = key.State();
        state[run] = (uint)low;
        state[runs + run] = (uint)(low >> 32);
        state[2 * runs + run] = (uint)high;
        state[3 * runs + run] = (uint)(high >> 32);
    }

    /// <summary>Draws pairs of N(0, scale²), ordered pair, half of the pair, run.</summary>
    public void Fill<T>(float* destination, int pairs, double scale) where T : struct, ISingleLanes<T>
    {
        var factor = T.Broadcast((float)scale);
        for (var run = 0; run < runs; run += T.Count)
        {
            var s0 = T.LoadBits(state + run);
            var s1 = T.LoadBits(state + runs + run);
            var s2 = T.LoadBits(state + 2 * runs + run);
            var s3 = T.LoadBits(state + 3 * runs + run);
            var target = destination + run;
            for (var pair = 0; pair < pairs; pair++)
            {
                var (first, second) = GaussianPair.Next(ref s0, ref s1, ref s2, ref s3, factor);
                first.Store(target);
                second.Store(target + runs);
                target += 2 * runs;
            }
            s0.StoreBits(state + run);
            s1.StoreBits(state + runs + run);
            s2.StoreBits(state + 2 * runs + run);
            s3.StoreBits(state + 3 * runs + run);
        }
    }
}
