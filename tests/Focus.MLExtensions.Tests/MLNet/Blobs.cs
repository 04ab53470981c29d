using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus.Tests;

/// <summary>A labelled point whose class is a text.</summary>
internal sealed class Blob
{
    public float X { get; set; }

    public float Y { get; set; }

    public string Color { get; set; } = "";
}

/// <summary>A point as the trainer takes it.</summary>
internal sealed class Keyed
{
    [VectorType(2)]
    public float[] Features { get; set; } = [];

    /// <summary>The class from 0: ML.NET makes the keys 1, 2, 3 of it, and a missing key of what is larger.</summary>
    [KeyType(3)]
    public uint Label { get; set; }
}

/// <summary>A point that counts as much as its weight.</summary>
internal sealed class Weighted
{
    [VectorType(2)]
    public float[] Features { get; set; } = [];

    [KeyType(3)]
    public uint Label { get; set; }

    public float Weight { get; set; }

    public static IEnumerable<Weighted> Of(Keyed[] points, Func<int, float> weight)
        => points.Select((point, i) => new Weighted { Features = point.Features, Label = point.Label, Weight = weight(i) });
}

/// <summary>What comes out.</summary>
internal sealed class Scored
{
    public float[] Score { get; set; } = [];

    public uint PredictedLabel { get; set; }
}

/// <summary>Three clouds of points in the plane that a small network tells apart.</summary>
internal static class Blobs
{
    public static readonly string[] Colors = ["red", "green", "blue"];

    public static Keyed[] Keyed(int count, int seed = 0)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i => new Keyed { Features = Point(i % 3, random), Label = (uint)(i % 3) })];
    }

    public static Blob[] Colored(int count, int seed = 0)
        => [.. Keyed(count, seed).Select(point => new Blob { X = point.Features[0], Y = point.Features[1], Color = Colors[point.Label] })];

    public static IDataView View(this MLContext mlContext, IEnumerable<Keyed> points) => mlContext.Data.LoadFromEnumerable(points);

    /// <summary>A network and a run small enough for tests, and long enough to learn.</summary>
    public static MlpTrainer.Options Quick => new()
    {
        HiddenWidths = [8],
        BatchSize = 16,
        MaxSteps = 60,
        Optimizer = new AdamWOptions { LearningRate = 0.02 },
        Seed = 7,
    };

    private static float[] Point(int kind, Random random)
    {
        var angle = kind * 2 * Math.PI / 3;
        return [(float)(Math.Cos(angle) + 0.2 * (random.NextDouble() - 0.5)), (float)(Math.Sin(angle) + 0.2 * (random.NextDouble() - 0.5))];
    }
}
