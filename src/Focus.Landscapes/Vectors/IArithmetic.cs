namespace Focus;

/// <summary>The float64 operations an optimizer needs, on one vector of lanes or on several.</summary>
/// <remarks>All implementations round each operation alike, so results do not depend on the vector width.</remarks>
internal interface IArithmetic<T> where T : struct, IArithmetic<T>
{
    static abstract T Broadcast(double value);

    static abstract T operator +(T a, T b);

    static abstract T operator -(T a, T b);

    static abstract T operator *(T a, T b);

    static abstract T operator /(T a, T b);

    /// <summary>a·b + c, rounded once.</summary>
    static abstract T MultiplyAdd(T a, T b, T c);

    /// <summary>a·b − c, rounded once.</summary>
    static abstract T MultiplySubtract(T a, T b, T c);

    /// <summary>a − b·c, rounded once.</summary>
    static abstract T SubtractProduct(T a, T b, T c);

    static abstract T Sqrt(T a);

    /// <summary>sign(a)·magnitude, with sign(0) = 0.</summary>
    static abstract T SignOf(T a, T magnitude);
}
