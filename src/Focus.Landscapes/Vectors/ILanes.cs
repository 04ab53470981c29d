namespace Focus;

/// <summary>A vector of float64 lanes, each lane one run; the kernels are written once against it for every vector width.</summary>
internal unsafe interface ILanes<T> : IArithmetic<T> where T : struct, ILanes<T>
{
    static abstract int Count { get; }

    static abstract T Load(double* source);

    /// <summary>Loads Count float32 values.</summary>
    static abstract T Widen(float* source);

    void Store(double* destination);

    static abstract T Min(T a, T b);

    static abstract T Max(T a, T b);
}
