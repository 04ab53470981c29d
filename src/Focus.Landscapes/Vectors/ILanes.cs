namespace Focus;

/// <summary>A vector of float64 lanes, each lane one run; the kernels are written once against it for every vector width.</summary>
/// <remarks>All implementations round each operation alike (one fused multiply-add is one rounding), so results do not depend on the width.</remarks>
internal unsafe interface ILanes<T> where T : struct, ILanes<T>
{
    static abstract int Count { get; }

    static abstract T Broadcast(double value);

    static abstract T Load(double* source);

    /// <summary>Loads Count float32 values.</summary>
    static abstract T Widen(float* source);

    void Store(double* destination);

    static abstract T operator +(T a, T b);

    static abstract T operator -(T a, T b);

    static abstract T operator -(T a);

    static abstract T operator *(T a, T b);

    static abstract T operator /(T a, T b);

    /// <summary>a·b + c, rounded once.</summary>
    static abstract T MultiplyAdd(T a, T b, T c);

    static abstract T Sqrt(T a);

    static abstract T Min(T a, T b);

    static abstract T Max(T a, T b);

    /// <summary>sign(a)·magnitude, with sign(0) = 0.</summary>
    static abstract T SignOf(T a, T magnitude);
}
