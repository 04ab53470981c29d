namespace Focus.Tests;

internal static class Statistics
{
    public static (double Mean, double StandardError) MeanAndError(double[] values)
    {
        var mean = values.Average();
        return (mean, Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1.0) / values.Length));
    }

    /// <summary>The standard normal distribution function (Abramowitz and Stegun 26.2 by its series and continued fraction).</summary>
    public static double NormalDistribution(double x)
    {
        var a = Math.Abs(x);
        var density = Math.Exp(-0.5 * a * a) / Math.Sqrt(2 * Math.PI);
        double upper;
        if (a < 3)
        {
            var (sum, term) = (a, a);
            for (var k = 3; k < 200; k += 2) sum += term *= a * a / k;
            upper = 0.5 - density * sum;
        }
        else
        {
            var fraction = a;
            for (var k = 100; k > 0; k--) fraction = a + k / fraction;
            upper = density / fraction;
        }
        return x > 0 ? 1 - upper : upper;
    }
}
