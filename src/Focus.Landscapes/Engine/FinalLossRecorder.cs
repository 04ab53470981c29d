namespace Focus;

/// <summary>Notes the loss after the last step.</summary>
internal readonly struct FinalLossRecorder : IRecorder<FinalLossRecorder>
{
    public static bool Records => false;

    public static nuint Bytes(int runs) => 0;

    public static FinalLossRecorder Create(Workspace workspace, int runs) => default;

    public void Record<T, TValley>(ref TValley valley, int run, T u, T q) where T : struct, ILanes<T> where TValley : struct, IValley
    {
    }

    public void Finish<TValley>(TValley valley, int run, double u, double q, Span<double> outcome) where TValley : struct, IValley =>
        outcome[0] = valley.Loss(LanesScalar.Broadcast(u), LanesScalar.Broadcast(q)).Value;
}
