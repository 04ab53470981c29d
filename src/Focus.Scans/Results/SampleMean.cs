namespace Focus;

/// <summary>The mean of a sample, and how far its values scatter.</summary>
/// <param name="Value">The mean.</param>
/// <param name="Variance">The variance with divisor n − 1; NaN for a single value.</param>
/// <param name="Count">The number of values n.</param>
internal readonly record struct SampleMean(double Value, double Variance, int Count)
{
    public static SampleMean None => new(double.NaN, double.NaN, 0);

    public double StandardDeviation => Math.Sqrt(Variance);

    /// <summary>The standard deviation of the mean.</summary>
    public double StandardError => Math.Sqrt(Variance / Count);

    /// <summary>Of every <paramref name="stride"/>-th value, from the first.</summary>
    public static SampleMean Of(ReadOnlySpan<double> values, int stride = 1)
    {
        var count = values.Length / stride;
        var (sum, squares) = (0.0, 0.0);
        for (var i = 0; i < values.Length; i += stride) sum += values[i];
        var mean = sum / count;
        for (var i = 0; i < values.Length; i += stride) squares += (values[i] - mean) * (values[i] - mean);
        return new(mean, count > 1 ? squares / (count - 1.0) : double.NaN, count);
    }
}
