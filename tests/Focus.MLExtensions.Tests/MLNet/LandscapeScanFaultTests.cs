using Microsoft.ML;

namespace Focus.Tests;

/// <summary>Each fault of data or options is one error that names the thing.</summary>
[TestClass]
public sealed class LandscapeScanFaultTests
{
    private readonly MLContext mlContext = new(seed: 1);

    [TestMethod]
    public void Data_without_any_column_of_cells()
        => ExpectSchemaFault(mlContext.Data.LoadFromEnumerable([new { Loudness = 1.0 }]), "Sharpness, Noise, WeightDecay, Slope", "'Loudness'");

    [TestMethod]
    public void Columns_that_are_no_numbers()
    {
        ExpectSchemaFault(mlContext.Data.LoadFromEnumerable([new { Sharpness = 1.0, Noise = "much" }]), "'Noise'", "Double or Single", "String");
        ExpectSchemaFault(mlContext.Data.LoadFromEnumerable([new { Sharpness = new double[] { 1, 2 } }]), "'Sharpness'", "Double or Single", "Vector<Double>");
        ExpectSchemaFault(mlContext.Data.LoadFromEnumerable([new { Slope = 1 }]), "'Slope'", "Double or Single", "Int32");
    }

    [TestMethod]
    [DataRow(-1, "Noise is -1")]
    [DataRow(double.NaN, "Noise is NaN")]
    [DataRow(1e7, "Noise is 10000000")]
    public void A_row_that_is_no_cell(double noise, string part)
    {
        Cell[] cells = [new() { Sharpness = 1 }, new() { Sharpness = 1, Noise = noise }];
        var view = mlContext.Scan(mlContext.Data.LoadFromEnumerable(cells));

        var error = Assert.ThrowsExactly<InvalidOperationException>(() => view.Doubles("AdamLoss"));

        StringAssert.Contains(error.Message, "Row 1");
        StringAssert.Contains(error.Message, part);
    }

    [TestMethod]
    public void Options_outside_their_range()
    {
        ExpectOptionFault(QuickScan.Options with { LearningRates = [] }, "LearningRates");
        ExpectOptionFault(QuickScan.Options with { LearningRates = [0.1, -0.1] }, "LearningRates");
        ExpectOptionFault(QuickScan.Options with { Replicates = 0 }, "Replicates");
        ExpectOptionFault(QuickScan.Options with { Steps = 0 }, "Steps");
        ExpectOptionFault(QuickScan.Options with { Optimizers = [LandscapeOptimizer.Adam(), LandscapeOptimizer.Adam(0.8)] }, "Adam 2 times");
        ExpectOptionFault(QuickScan.Options with { Sharpness = double.NaN }, "Sharpness");
        ExpectOptionFault(QuickScan.Options with { WeightDecay = -0.1 }, "WeightDecay");
    }

    private void ExpectOptionFault(LandscapeScan.Options options, string part)
        => StringAssert.Contains(Assert.Throws<ArgumentException>(() => mlContext.Focus.Landscapes.NarrowingValley(options)).Message, part);

    private void ExpectSchemaFault(IDataView data, params string[] parts)
    {
        var scan = mlContext.Focus.Landscapes.NarrowingValley(QuickScan.Options);
        var shape = MlNetInternals.Current.CreateSchemaShape(data.Schema);
        var model = scan.Fit(mlContext.Grid());
        foreach (var attempt in new Action[] { () => scan.Fit(data), () => scan.GetOutputSchema(shape), () => model.Transform(data) })
        {
            var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(attempt);
            foreach (var part in parts) StringAssert.Contains(error.Message, part);
        }
    }
}
