using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus.Tests;

/// <summary>A cell as a row.</summary>
internal sealed class Cell
{
    public double Sharpness { get; set; }

    public double Noise { get; set; }
}

/// <summary>What comes out.</summary>
internal sealed class CellOutcome
{
    public double Sharpness { get; set; }

    public double AdamLoss { get; set; }

    public double FocusLoss { get; set; }

    public double FocusLearningRate { get; set; }

    public double FocusStandardError { get; set; }

    public double SignumLoss { get; set; }

    public uint Winner { get; set; }
}

/// <summary>A scan small enough for tests.</summary>
internal static class QuickScan
{
    public static LandscapeScan.Options Options => new() { LearningRates = [0.01, 0.1], Replicates = 3, Steps = 20, Seed = 5, WeightDecay = 0.2 };

    public static IDataView Grid(this MLContext mlContext, int sharpness = 4, int noise = 3)
        => mlContext.Focus.Data.LandscapeGrid(Focus.Grid.LogSpace(0.1, 1000, sharpness), Focus.Grid.LinSpace(0, 3, noise));

    public static IDataView Scan(this MLContext mlContext, IDataView grid, LandscapeScan.Options? options = null)
        => mlContext.Focus.Landscapes.NarrowingValley(options ?? Options).Fit(grid).Transform(grid);

    public static double[] Doubles(this IDataView view, string column) => [.. view.GetColumn<double>(column)];

    /// <summary>The grid's cells simulated by the engine itself.</summary>
    public static CellResult[] Expected(IDataView grid, LandscapeSimulator.Options options, double weightDecay = 0.2)
    {
        var simulator = new LandscapeSimulator(options);
        return [.. grid.Doubles("Sharpness").Zip(grid.Doubles("Noise"), (sharpness, noise) => simulator.Simulate(new(sharpness, noise, weightDecay)))];
    }
}
