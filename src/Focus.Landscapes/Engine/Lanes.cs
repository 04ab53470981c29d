namespace Focus;

/// <summary>How runs fill the lanes of vectors.</summary>
internal static class Lanes
{
    /// <summary>Blocks hold a multiple of this many runs, the lanes of the widest float32 vector; the surplus runs have learning rate
    /// 0.</summary>
    public const int Multiple = 16;

    public static int RoundUp(int runs) => (runs + Multiple - 1) / Multiple * Multiple;
}
