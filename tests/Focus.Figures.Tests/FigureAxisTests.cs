namespace Focus.Figures.Tests;

[TestClass]
public class FigureAxisTests
{
    [TestMethod]
    [DataRow(0.0, 3.0, false, "0.0 0.5 1.0 1.5 2.0 2.5 3.0")]
    [DataRow(0.0, 1000.0, false, "0 200 400 600 800 1000")]
    [DataRow(-0.3, 0.1, false, "−0.3 −0.2 −0.1 0.0 0.1")]
    [DataRow(0.1, 1000.0, true, "0.1 1 10 100 1000")]
    [DataRow(1e-12, 1.0, true, "1e−12 1e−10 1e−8 1e−6 0.0001 0.01 1")]
    [DataRow(0.15, 0.6, true, "0.2 0.5")]
    [DataRow(2.1, 2.9, true, "2.2 2.4 2.6 2.8")]
    public void TicksAreRoundNumbers(double minimum, double maximum, bool logarithmic, string expected)
    {
        var labels = new FigureAxis("x", minimum, maximum, logarithmic).Ticks().Select(tick => tick.Label).OfType<string>();
        Assert.AreEqual(expected, string.Join(" ", labels));
    }

    [TestMethod]
    [DataRow(1.9, 130.0, "2 4 8 16 32 64 128")]
    [DataRow(1.5, 5500.0, "4 16 64 256 1024 4096")]
    [DataRow(0.2, 1.1, "0.25 0.5 1")]
    public void TicksArePowersOfTheBase(double minimum, double maximum, string expected)
    {
        var ticks = new FigureAxis("x", minimum, maximum, true) { LogarithmBase = 2 }.Ticks().ToArray();
        Assert.AreEqual(expected, string.Join(" ", ticks.Select(tick => tick.Label).OfType<string>()));
        Assert.IsTrue(ticks.All(tick => double.IsInteger(Math.Log2(tick.Value))));
    }

    [TestMethod]
    public void CellsMeetHalfWay()
    {
        var edges = new FigureAxis("x", 1, 100, true).Edges([1, 10, 100]);
        double[] expected = [-0.25, 0.25, 0.75, 1.25];
        for (var i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], edges[i], 1e-12);
    }

    [TestMethod]
    public void AnAxisOverValuesHoldsThemAll()
    {
        var axis = FigureAxis.Over("x", [double.NaN, 3, -1, 7]);
        Assert.AreEqual((-1.32, 7.32), (Math.Round(axis.Minimum, 9), Math.Round(axis.Maximum, 9)));
        Assert.AreEqual(10, FigureAxis.Over("x", [10, 0, -5], logarithmic: true).Maximum / Math.Sqrt(10), 1e-9);
        Assert.IsLessThan(FigureAxis.Over("x", []).Maximum, FigureAxis.Over("x", []).Minimum);
    }

    [TestMethod]
    [DataRow(false, new[] { 0, 1.0, 2 })]
    [DataRow(true, new[] { 1.0, 10, 100 })]
    public void AnAxisOverCellsEndsAtTheirEdges(bool logarithmic, double[] centres)
    {
        var edges = FigureAxis.OverCells("x", centres, logarithmic).Edges(centres);
        Assert.AreEqual(0, edges[0], 1e-12);
        Assert.AreEqual(1, edges[^1], 1e-12);
    }
}
