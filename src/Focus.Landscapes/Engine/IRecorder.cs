namespace Focus;

/// <summary>What is noted of a run after each of its steps.</summary>
internal interface IRecorder
{
    /// <summary>Whether anything is noted; a constant, so that a kernel that records nothing computes nothing for it.</summary>
    static abstract bool Records { get; }

    void Record<T, TValley>(TValley valley, int step, int run, T u, T q) where T : struct, ILanes<T> where TValley : struct, IValley;
}
