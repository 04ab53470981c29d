namespace Focus;

/// <summary>The state of a block of runs in two dimensions, one array for each variable.</summary>
internal unsafe readonly struct PlaneBlock(AlignedMemory memory, int runs)
{
    public readonly double* X = memory.Take<double>(runs);
    public readonly double* Y = memory.Take<double>(runs);
    public readonly double* X0 = memory.Take<double>(runs);
    public readonly double* Y0 = memory.Take<double>(runs);
    public readonly double* X1 = memory.Take<double>(runs);
    public readonly double* Y1 = memory.Take<double>(runs);

    /// <summary>The learning rates.</summary>
    public readonly double* Rate = memory.Take<double>(runs);

    /// <summary>1 − learning rate · weight decay.</summary>
    public readonly double* Keep = memory.Take<double>(runs);

    public int Runs => runs;
}
