namespace Focus;

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
