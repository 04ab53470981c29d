using Microsoft.ML;

namespace Focus.Tests;

[TestClass]
public sealed class LandscapeGridTests
{
    private readonly MLContext mlContext = new(seed: 1);

    [TestMethod]
    public void Rows_are_all_combinations_and_the_last_axis_varies_fastest()
    {
        var grid = mlContext.Focus.Data.LandscapeGrid(sharpness: [1, 2], noise: [0, 0.5, 3]);

        CollectionAssert.AreEqual(new[] { "Sharpness", "Noise" }, grid.Schema.Select(column => column.Name).ToArray());
        Assert.AreEqual(6, grid.GetRowCount());
        CollectionAssert.AreEqual(new double[] { 1, 1, 1, 2, 2, 2 }, grid.Doubles("Sharpness"));
        CollectionAssert.AreEqual(new[] { 0, 0.5, 3, 0, 0.5, 3 }, grid.Doubles("Noise"));
    }

    [TestMethod]
    public void Any_axis_may_be_given()
    {
        var grid = mlContext.Focus.Data.LandscapeGrid(weightDecay: [0.1, 0.2], slope: [0.3]);

        CollectionAssert.AreEqual(new[] { "WeightDecay", "Slope" }, grid.Schema.Select(column => column.Name).ToArray());
        CollectionAssert.AreEqual(new[] { 0.1, 0.2 }, grid.Doubles("WeightDecay"));
        CollectionAssert.AreEqual(new[] { 0.3, 0.3 }, grid.Doubles("Slope"));
    }

    [TestMethod]
    public void Later_changes_of_the_values_do_not_change_the_grid()
    {
        double[] noise = [1, 2];
        var grid = mlContext.Focus.Data.LandscapeGrid(noise: noise);
        noise[0] = 9;

        CollectionAssert.AreEqual(new double[] { 1, 2 }, grid.Doubles("Noise"));
    }

    [TestMethod]
    public void Faults_name_the_axis()
    {
        Expect("Sharpness", () => mlContext.Focus.Data.LandscapeGrid());
        Expect("Noise is empty", () => mlContext.Focus.Data.LandscapeGrid([1], []));
        Expect("Noise is -1", () => mlContext.Focus.Data.LandscapeGrid([1], [1, -1]));
        Expect("Sharpness is NaN", () => mlContext.Focus.Data.LandscapeGrid([double.NaN]));
        Expect("WeightDecay is Infinity", () => mlContext.Focus.Data.LandscapeGrid(weightDecay: [double.PositiveInfinity]));
        Expect("Slope is -0.5", () => mlContext.Focus.Data.LandscapeGrid(slope: [-0.5]));
        Expect("100000 × 100000", () => mlContext.Focus.Data.LandscapeGrid(new double[100_000], new double[100_000]));
    }

    private static void Expect(string part, Action create) => StringAssert.Contains(Assert.Throws<ArgumentException>(create).Message, part);
}
