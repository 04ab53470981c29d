namespace Focus;

/// <summary>What is noted of each run of a block.</summary>
internal interface IRecorder<TSelf> where TSelf : struct, IRecorder<TSelf>
{
    /// <summary>Whether anything is noted during a run; a constant, so that a kernel that notes nothing computes nothing for it.</summary>
    static abstract bool Records { get; }

    static abstract nuint Bytes(int runs);

    static abstract TSelf Create(Workspace workspace, int runs);

    /// <summary>Notes the position after a step that is not the last.</summary>
    void Record<T, TValley>(ref TValley valley, int run, T u, T q) where T : struct, ILanes<T> where TValley : struct, IValley;

    /// <summary>Writes a run's outcome, given its last position.</summary>
    void Finish<TValley>(TValley valley, int run, double u, double q, Span<double> outcome) where TValley : struct, IValley;
}
