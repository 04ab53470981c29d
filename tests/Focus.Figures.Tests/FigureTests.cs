using System.Xml.Linq;

namespace Focus.Figures.Tests;

[TestClass]
public class FigureTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("figure").FullName;

    [TestCleanup]
    public void Cleanup() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    public void PicturesHoldTheColoursOfTheCells()
    {
        FigureColor[,] colors = { { Palette.Orange, Palette.Yellow }, { Palette.Blue, Palette.Blue } };
        var figure = new Figure(new Plot(new("noise", 0, 2), new("sharpness", 0.1, 1000, true))
        {
            Layers = [new ColorMap([0.5, 1.5], [1, 100], (row, column) => colors[row, column]) { Entries = [new("Adam & friends", Palette.Orange)] }],
        });
        var image = Png(figure);
        Assert.AreEqual((840, 720), (image.Width, image.Height));
        Assert.AreEqual(Palette.Orange, image[250, 500]);
        Assert.AreEqual(Palette.Yellow, image[650, 500]);
        Assert.AreEqual(Palette.Blue, image[250, 200]);
        Assert.AreEqual(Palette.White, image[2, 2]);

        var svg = Svg(figure);
        var fills = svg.Descendants().Where(element => element.Name.LocalName == "rect").Select(element => (string?)element.Attribute("fill")).ToList();
        CollectionAssert.IsSubsetOf(new[] { "#f08a24", "#fbd53f", "#2b6cb8" }, fills);
        Assert.AreEqual(1, fills.Count(fill => fill == "#2b6cb8"), "cells of one colour side by side are one rectangle");
        CollectionAssert.IsSubsetOf(new[] { "Adam & friends", "noise", "sharpness", "0.1", "1000", "2.0" }, Texts(svg));
    }

    [TestMethod]
    public void CurvesWithErrorsMarksAndGapsAreDrawn()
    {
        var curve = new Curve([0, 1, 2, 3, 4, 5], [1, 2, double.NaN, 2, 1, 3], Palette.Green) { Label = "loss", Marks = true, Errors = [0.1, 0.2, 0, 0.1, 0.1, 0.1] };
        var figure = new Figure(new Plot(new("x", 0, 5), new("y", 0, 4)) { Title = "Losses", Layers = [curve] });
        Assert.IsGreaterThan(300, Png(figure).Count(Palette.Green));
        var svg = Svg(figure);
        var lines = svg.Descendants().Count(element => element.Name.LocalName == "polyline" && (string?)element.Attribute("stroke") == "#3a9a5b");
        // Legend, two runs, five marks, three lines for each of five errors.
        Assert.AreEqual(1 + 2 + 5 + 15, lines);
        CollectionAssert.Contains(Texts(svg), "Losses");
    }

    [TestMethod]
    public void PlotsFillRowsOfAsManyColumnsAsAskedFor()
    {
        var plots = new[] { Palette.Red, Palette.Green, Palette.Blue }
            .Select(color => new Plot(new("x", 0, 1), new("y", 0, 1)) { Layers = [new ColorMap([0.5], [0.5], (_, _) => color)] }).ToArray();
        var image = Png(new Figure(plots) { Columns = 2, PlotWidth = 200, PlotHeight = 150 });
        Assert.AreEqual((800, 600), (image.Width, image.Height));
        Assert.AreEqual((Palette.Red, Palette.Green), (image[200, 100], image[600, 100]));
        Assert.AreEqual((Palette.Blue, Palette.White), (image[200, 400], image[600, 400]));
    }

    [TestMethod]
    public void ContoursLieWhereTheFunctionHasTheLevel()
    {
        var figure = new Figure(new Plot(new("x", -2, 2), new("y", -2, 2)) { Layers = [new Contours((x, y) => x * x + y * y, [1], _ => Palette.Red)] });
        var lines = Svg(figure).Descendants().Where(element => (string?)element.Attribute("stroke") == "#c83c3c").ToArray();
        var xs = lines.SelectMany(line => ((string?)line.Attribute("points"))!.Trim().Split(' ')).Select(point => double.Parse(point.Split(',')[0])).ToArray();
        var frame = Svg(figure).Descendants().First(element => element.Name.LocalName == "clipPath").Elements().Single();
        var (left, width) = ((double)frame.Attribute("x")!, (double)frame.Attribute("width")!);
        Assert.AreEqual(left + 0.25 * width, xs.Min(), 0.1);
        Assert.AreEqual(left + 0.75 * width, xs.Max(), 0.1);
    }

    [TestMethod]
    public void PlotsStandSideBySide()
    {
        var plot = new Plot(new("x", 0, 1), new("y", 0, 1));
        Assert.AreEqual(3 * 200, Png(new Figure(plot, plot, plot) { PlotWidth = 200 }, scale: 1).Width);
    }

    [TestMethod]
    public void TextIsPainted()
    {
        static int Ink(string label)
        {
            var drawing = new RasterDrawing(300, 40, 2);
            drawing.Text(new(5, 30), label, 12, TextAlignment.Start, Palette.Ink);
            return drawing.Pixels.Count(value => value < 128);
        }
        foreach (var letter in StrokeGlyphs.All.Keys) Assert.IsGreaterThan(0, Ink(letter.ToString()), letter.ToString());
        Assert.AreEqual(0, Ink(" "));
        Assert.IsGreaterThan(0, Ink("\u4e2d"), "letters that the font lacks show as a box");
    }

    [TestMethod]
    public void FaultsAreNamed()
    {
        var path = Path.Combine(folder, "a.png");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => new Figure().SavePng(path)).Message, "plots");
        var backwards = new Figure(new Plot(new("noise", 3, 0), new("y", 0, 1)));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => backwards.SaveSvg(path)).Message, "noise");
        var negative = new Figure(new Plot(new("x", 0, 1), new("rate", -1, 1, true)));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => negative.SaveSvg(path)).Message, "above 0");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new Figure(new Plot(new("x", 0, 1), new("y", 0, 1))).SavePng(path, 0));
        Assert.ThrowsExactly<ArgumentException>(() => new Curve([1, 2], [1], Palette.Ink));
        Assert.IsEmpty(Directory.GetFiles(folder));
    }

    private PngImage Png(Figure figure, double scale = 2)
    {
        var path = Path.Combine(folder, "figure.png");
        figure.SavePng(path, scale);
        return new(path);
    }

    private XDocument Svg(Figure figure)
    {
        var path = Path.Combine(folder, "figure.svg");
        figure.SaveSvg(path);
        return XDocument.Load(path);
    }

    private static List<string> Texts(XDocument svg) => [.. svg.Descendants().Where(element => element.Name.LocalName == "text").Select(element => element.Value)];
}
