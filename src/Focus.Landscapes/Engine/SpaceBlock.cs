namespace Focus;

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
