using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>Notes the final loss, the lowest loss after any step and the largest coordinate on the axis after any step (at least
/// 0).</summary>
internal readonly unsafe struct ExtremesRecorder(double* lowestLoss, double* projection) : IRecorder<ExtremesRecorder>
{
    public static bool Records => true;

    public static nuint Bytes(int runs) => 2 * Workspace.Bytes<double>(runs);

    public static ExtremesRecorder Create(Workspace workspace, int runs)
    {
        var lowestLoss = workspace.Take<double>(runs);
        new Span<double>(lowestLoss, runs).Fill(double.PositiveInfinity);
        return new(lowestLoss, workspace.Take<double>(runs));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Record<T, TValley>(ref TValley valley, int run, T u, T q) where T : struct, ILanes<T> where TValley : struct, IValley
    {
        T.Min(T.Load(lowestLoss + run), valley.Loss(u, q)).Store(lowestLoss + run);
        T.Max(T.Load(projection + run), u).Store(projection + run);
    }

    public void Finish<TValley>(TValley valley, int run, double u, double q, Span<double> outcome) where TValley : struct, IValley
    {
        outcome[0] = valley.Loss(LanesScalar.Broadcast(u), LanesScalar.Broadcast(q)).Value;
        outcome[1] = Math.Min(lowestLoss[run], outcome[0]);
        outcome[2] = Math.Max(projection[run], u);
    }
}
