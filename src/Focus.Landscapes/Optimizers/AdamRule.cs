using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>AdamW. The moments are kept divided by (1 − β1) and (1 − β2); those constants and the bias corrections meet in the
/// factors.</summary>
internal readonly struct AdamRule(double beta1, double beta2, double epsilon) : IRule
{
    public (double First, double Second) Factors(int step)
    {
        var root = Math.Sqrt((1 - Math.Pow(beta2, step)) / (1 - beta2));
        return (root * (1 - beta1) / (1 - Math.Pow(beta1, step)), root * epsilon);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Step<T>(ref T p, ref T s0, ref T s1, T gradient, T rate, T keep, T first, T second) where T : struct, IArithmetic<T>
    {
        s0 = T.MultiplyAdd(T.Broadcast(beta1), s0, gradient);
        s1 = T.MultiplyAdd(T.Broadcast(beta2), s1, gradient * gradient);
        p = T.MultiplySubtract(p, keep, rate * first * s0 / (T.Sqrt(s1) + second));
    }
}
