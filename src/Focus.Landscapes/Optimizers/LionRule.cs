using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>Lion (arXiv:2302.06675): θ ← θ − η( sign(β1·m + (1 − β1)·g) + ω·θ ), then m ← β2·m + (1 − β2)·g.</summary>
internal readonly struct LionRule(double beta1, double beta2) : IRule
{
    public (double First, double Second) Factors(int step) => (0, 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Step<T>(ref T p, ref T s0, ref T s1, T gradient, T rate, T keep, T first, T second) where T : struct, IArithmetic<T>
    {
        var direction = T.MultiplyAdd(T.Broadcast(beta1), s0, T.Broadcast(1 - beta1) * gradient);
        s0 = T.MultiplyAdd(T.Broadcast(beta2), s0, T.Broadcast(1 - beta2) * gradient);
        p = T.MultiplySubtract(p, keep, T.SignOf(direction, rate));
    }
}
