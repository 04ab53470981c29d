namespace Focus;

/// <summary>One optimizer as an element-wise rule: state of up to two numbers per coordinate, starting at 0.</summary>
/// <remarks>To add an optimizer, write one such struct and one factory in <see cref="LandscapeOptimizer"/>.</remarks>
internal interface IRule
{
    /// <summary>What depends on the step (1, 2, …) only, such as bias corrections.</summary>
    (double First, double Second) Factors(int step);

    /// <summary>One step: <paramref name="p"/> is the coordinate, <paramref name="rate"/> the learning rate,
    /// <paramref name="keep"/> is 1 − rate·weight decay.</summary>
    void Step<T>(ref T p, ref T s0, ref T s1, T gradient, T rate, T keep, T first, T second) where T : struct, IArithmetic<T>;
}
