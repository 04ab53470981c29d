namespace Focus;

/// <summary>What a simulation keeps of each run.</summary>
public enum RunRecording
{
    /// <summary>The loss after the last step.</summary>
    FinalLoss,

    /// <summary>The loss after the last step, the lowest loss after any step, the largest coordinate on the valley's axis after any step
    /// (at least 0).</summary>
    Extremes,
}

/// <summary>Which runs share their random draws.</summary>
public enum NoiseMode
{
    /// <summary>Every run has draws of its own.</summary>
    Independent,

    /// <summary>Common random numbers: a replicate of a cell has the same draws for every optimizer and learning rate,
    /// which compares optimizers more sharply.</summary>
    Common,
}

/// <summary>How many float64 lanes a simulation steps at once. The results do not depend on it.</summary>
public enum VectorWidth
{
    /// <summary>The widest vectors that the processor has.</summary>
    Widest,

    /// <summary>One lane.</summary>
    Scalar,

    /// <summary>128 bits, 2 lanes.</summary>
    Bits128,

    /// <summary>256 bits, 4 lanes.</summary>
    Bits256,

    /// <summary>512 bits, 8 lanes.</summary>
    Bits512,
}
