using Microsoft.ML.Data;

namespace QuickStart;

/// <summary>A point of the plane and the arm of the spiral it lies on.</summary>
internal sealed class SpiralPoint
{
    [VectorType(2)]
    public float[] Features { get; set; } = [];

    public string Label { get; set; } = "";
}

/// <summary>What a model says of a point.</summary>
internal sealed class SpiralPrediction
{
    public uint PredictedLabel { get; set; }
}

/// <summary>Three interleaved spiral arms with noise: small, needs no download, and no straight line separates it.</summary>
internal static class Spirals
{
    public const int Arms = 3;

    public static IEnumerable<SpiralPoint> Generate(int count, int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < count; i++)
        {
            var arm = i % Arms;
            var radius = 0.1 + 0.9 * random.NextDouble();
            var angle = 2 * Math.PI * (arm / (double)Arms + 0.9 * radius) + 0.12 * Gaussian(random);
            yield return new SpiralPoint
            {
                Features = [(float)(radius * Math.Cos(angle)), (float)(radius * Math.Sin(angle))],
                Label = $"arm {arm + 1}",
            };
        }
    }

    private static double Gaussian(Random random)
        => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
