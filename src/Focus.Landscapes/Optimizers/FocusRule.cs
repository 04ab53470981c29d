using System.Runtime.CompilerServices;

namespace Focus;

/// <summary>θ ← θ − η( sign(m) + γ·sign(θ − θ̂) + ω·θ ), all with θ before the step. m and θ̄ are kept divided by (1 − β).</summary>
internal readonly struct FocusRule(double beta1, double beta2, double gamma) : IRule
{
    public (double First, double Second) Factors(int step) => ((1 - beta2) / (1 - Math.Pow(beta2, step)), 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Step<T>(ref T p, ref T s0, ref T s1, T gradient, T rate, T keep, T first, T second) where T : struct, IArithmetic<T>
    {
        s0 = T.MultiplyAdd(T.Broadcast(beta1), s0, gradient);
        s1 = T.MultiplyAdd(T.Broadcast(beta2), s1, p);
        var away = T.SubtractProduct(p, s1, first);
        p = T.MultiplySubtract(p, keep, T.SignOf(s0, rate)) - T.SignOf(away, rate * T.Broadcast(gamma));
    }
}
