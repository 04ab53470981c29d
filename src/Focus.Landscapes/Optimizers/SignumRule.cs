using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>θ ← θ − η( sign(m) + ω·θ ). m is kept divided by (1 − β).</summary>
internal readonly struct SignumRule(double beta) : IRule
{
    public (double First, double Second) Factors(int step) => (0, 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Step<T>(ref T p, ref T s0, ref T s1, T gradient, T rate, T keep, T first, T second) where T : struct, IArithmetic<T>
    {
        s0 = T.MultiplyAdd(T.Broadcast(beta), s0, gradient);
        p = T.MultiplySubtract(p, keep, T.SignOf(s0, rate));
    }
}
