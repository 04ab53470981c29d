namespace Focus;

/// <summary>Evenly spaced values, for the axes of parameter scans.</summary>
public static class Grid
{
    /// <summary>Values evenly spaced on a logarithmic axis, from <paramref name="start"/> to <paramref name="stop"/>, both
    /// included.</summary>
    /// <param name="start">The first value, above 0.</param>
    /// <param name="stop">The last value, above 0.</param>
    /// <param name="count">The number of values, at least 1; a single value is <paramref name="start"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public static double[] LogSpace(double start, double stop, int count)
    {
        Guard.Positive(start);
        Guard.Positive(stop);
        var logarithms = LinSpace(Math.Log10(start), Math.Log10(stop), count);
        var values = Array.ConvertAll(logarithms, logarithm => Math.Pow(10, logarithm));
        return WithExactEnds(values, start, stop);
    }

    /// <summary>Values evenly spaced from <paramref name="start"/> to <paramref name="stop"/>, both included.</summary>
    /// <param name="start">The first value, finite.</param>
    /// <param name="stop">The last value, finite.</param>
    /// <param name="count">The number of values, at least 1; a single value is <paramref name="start"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public static double[] LinSpace(double start, double stop, int count)
    {
        Guard.Finite(start);
        Guard.Finite(stop);
        Guard.AtLeast(1, count);
        var values = new double[count];
        for (var i = 0; i < count; i++) values[i] = start + (stop - start) * i / Math.Max(1, count - 1);
        return WithExactEnds(values, start, stop);
    }

    private static double[] WithExactEnds(double[] values, double start, double stop)
    {
        values[^1] = stop;
        values[0] = start;
        return values;
    }
}
