using static TorchSharp.torch;

namespace Focus;

/// <summary>How many threads a training step takes, for the whole process.</summary>
public static class TorchThreads
{
    /// <summary>Keeps every step on the thread that takes it, so that several threads can each train a model of their own at once.</summary>
    /// <remarks>Small batches then train the most models in a given time, as cores need not wait for each other, and a training gives the
    /// same bits whatever else runs. Call it before the trainings start, not beside one.</remarks>
    public static void UseOne()
        => set_num_threads(1);
}
