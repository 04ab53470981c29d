using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus.Tests;

[TestClass]
public sealed class LandscapeScanTests
{
    private readonly MLContext mlContext = new(seed: 1);

    [TestMethod]
    public void Each_row_has_what_the_engine_gives_for_its_cell()
    {
        var grid = mlContext.Grid();
        var rows = mlContext.Data.CreateEnumerable<CellOutcome>(mlContext.Scan(grid), reuseRowObject: false, ignoreMissingColumns: true).ToArray();
        var expected = QuickScan.Expected(grid, QuickScan.Options);

        Assert.HasCount(12, rows);
        for (var i = 0; i < rows.Length; i++)
        {
            var scores = expected[i].Scores;
            Assert.AreEqual(expected[i].Cell.Sharpness, rows[i].Sharpness);
            Assert.AreEqual(scores[0].Loss, rows[i].AdamLoss);
            Assert.AreEqual(scores[1].Loss, rows[i].FocusLoss);
            Assert.AreEqual(scores[1].LearningRate, rows[i].FocusLearningRate);
            Assert.AreEqual(scores[1].StandardError, rows[i].FocusStandardError);
            Assert.AreEqual(scores[2].Loss, rows[i].SignumLoss);
            Assert.AreEqual((uint)expected[i].Winner + 1, rows[i].Winner);
        }
    }

    [TestMethod]
    public void Added_columns_follow_those_of_the_grid()
    {
        var grid = mlContext.Grid();
        var scan = mlContext.Focus.Landscapes.NarrowingValley(QuickScan.Options with { RawLosses = true });
        string[] expected =
        [
            "Sharpness", "Noise", "AdamLoss", "AdamLearningRate", "AdamStandardError", "FocusLoss", "FocusLearningRate", "FocusStandardError",
            "SignumLoss", "SignumLearningRate", "SignumStandardError", "Winner", "RawLosses",
        ];

        CollectionAssert.AreEqual(expected, scan.Fit(grid).GetOutputSchema(grid.Schema).Select(column => column.Name).ToArray());
        var shape = scan.GetOutputSchema(MlNetInternals.Current.CreateSchemaShape(grid.Schema));
        CollectionAssert.AreEqual(expected, shape.Select(column => column.Name).ToArray());
        Assert.IsTrue(shape.Single(column => column.Name == "Winner").IsKey);
        Assert.AreEqual(SchemaShape.Column.VectorKind.Vector, shape.Single(column => column.Name == "RawLosses").Kind);
    }

    [TestMethod]
    public void Winners_are_keys_that_stand_for_names()
    {
        var grid = mlContext.Grid();
        var model = mlContext.Focus.Landscapes.NarrowingValley(QuickScan.Options)
            .Append(mlContext.Transforms.Conversion.MapKeyToValue("Name", "Winner")).Fit(grid);

        CollectionAssert.AreEqual(
            QuickScan.Expected(grid, QuickScan.Options).Select(cell => cell.Scores[cell.Winner].Optimizer).ToArray(),
            model.Transform(grid).GetColumn<string>("Name").ToArray());
    }

    [TestMethod]
    public void Raw_losses_come_in_the_order_of_the_dimensions()
    {
        var grid = mlContext.Grid();
        var options = QuickScan.Options with { RawLosses = true, Recording = RunRecording.Extremes };
        var view = mlContext.Scan(grid, options);

        var type = (VectorDataViewType)view.Schema["RawLosses"].Type;
        CollectionAssert.AreEqual(new[] { 3, 2, 3, 3 }, type.Dimensions.ToArray());
        var expected = QuickScan.Expected(grid, options);
        var i = 0;
        foreach (var losses in view.GetColumn<double[]>("RawLosses")) CollectionAssert.AreEqual(expected[i++].Outcomes, losses);
        Assert.AreEqual(12, i);
    }

    [TestMethod]
    public void Other_optimizers_and_the_other_valley_have_columns_of_their_own()
    {
        var grid = mlContext.Grid(2, 2);
        var options = QuickScan.Options with { Optimizers = [LandscapeOptimizer.Lion(), LandscapeOptimizer.Focus(gamma: 0.5)] };
        var view = mlContext.Focus.Landscapes.QuadraticValley(options).Fit(grid).Transform(grid);

        var expected = QuickScan.Expected(grid, options with { Landscape = Landscape.QuadraticValley });
        CollectionAssert.AreEqual(expected.Select(cell => cell.Scores[0].Loss).ToArray(), view.Doubles("LionLoss"));
        CollectionAssert.AreEqual(expected.Select(cell => cell.Scores[1].Loss).ToArray(), view.Doubles("FocusLoss"));
    }

    [TestMethod]
    public void Optimizers_of_the_library_have_columns_by_their_names()
    {
        var grid = mlContext.Grid(2, 2);
        var options = QuickScan.Options with
        {
            Optimizers =
            [
                LandscapeOptimizer.Focus(), LandscapeOptimizer.From(new CautiousAdamWOptions()), LandscapeOptimizer.From(new SgdOptions()),
                LandscapeOptimizer.From(new SgdOptions { Nesterov = false }, "HeavyBall"),
            ],
        };
        var view = mlContext.Scan(grid, options);

        var expected = QuickScan.Expected(grid, options);
        foreach (var (i, column) in new[] { "FocusLoss", "CautiousAdamWLoss", "SgdLoss", "HeavyBallLoss" }.Index())
            CollectionAssert.AreEqual(expected.Select(cell => cell.Scores[i].Loss).ToArray(), view.Doubles(column));
        CollectionAssert.AreNotEqual(view.Doubles("SgdLoss"), view.Doubles("HeavyBallLoss"));
    }

    [TestMethod]
    public void Values_without_a_column_come_from_the_options()
    {
        var grid = mlContext.Focus.Data.LandscapeGrid(weightDecay: [0.3]);
        var options = QuickScan.Options with { Sharpness = 7, Noise = 0.5, Slope = 0.25, WeightDecay = 9 };

        var expected = new LandscapeSimulator(options).Simulate(new(7, 0.5, 0.3, 0.25));
        Assert.AreEqual(expected.Scores[0].Loss, mlContext.Scan(grid, options).Doubles("AdamLoss").Single());
    }

    [TestMethod]
    public void Columns_of_single_are_widened()
    {
        var data = mlContext.Data.LoadFromEnumerable([new { Sharpness = 0.1f, Noise = 1f }]);

        var expected = new LandscapeSimulator(QuickScan.Options).Simulate(new(0.1f, 1, 0.2));
        Assert.AreEqual(expected.Scores[0].Loss, mlContext.Scan(data).Doubles("AdamLoss").Single());
    }

    [TestMethod]
    public void A_cell_is_the_same_alone_shuffled_and_in_parallel()
    {
        var grid = mlContext.Grid(20, 10);
        var view = mlContext.Scan(grid);
        var expected = view.Doubles("AdamLoss");

        foreach (var cursors in new[] { view.GetRowCursorSet(view.Schema, 3), view.GetRowCursorSet(view.Schema, 2, new Random(1)), [view.GetRowCursor(view.Schema, new Random(2))] })
        {
            var seen = 0;
            foreach (var cursor in cursors)
            {
                using (cursor)
                {
                    var (id, loss) = (cursor.GetIdGetter(), cursor.GetGetter<double>(view.Schema["AdamLoss"]));
                    DataViewRowId row = default;
                    var value = 0.0;
                    for (; cursor.MoveNext(); seen++)
                    {
                        id(ref row);
                        loss(ref value);
                        Assert.AreEqual(expected[row.Low], value);
                    }
                }
            }
            Assert.AreEqual(200, seen);
        }
        Assert.IsGreaterThan(1, view.GetRowCursorSet(view.Schema, 3).Length);
    }

    [TestMethod]
    public void A_prediction_engine_gives_what_transform_gives()
    {
        var grid = mlContext.Grid();
        var model = mlContext.Focus.Landscapes.NarrowingValley(QuickScan.Options).Fit(grid);
        var expected = mlContext.Data.CreateEnumerable<CellOutcome>(model.Transform(grid), reuseRowObject: false, ignoreMissingColumns: true).ToArray();
        using var engine = mlContext.Model.CreatePredictionEngine<Cell, CellOutcome>(model);

        var (sharpness, noise) = (grid.Doubles("Sharpness"), grid.Doubles("Noise"));
        for (var i = 0; i < expected.Length; i++)
        {
            var outcome = engine.Predict(new Cell { Sharpness = sharpness[i], Noise = noise[i] });
            Assert.AreEqual(expected[i].FocusLoss, outcome.FocusLoss);
            Assert.AreEqual(expected[i].Winner, outcome.Winner);
        }
    }

    [TestMethod]
    public void Nothing_is_read_before_rows_are_and_only_some_rows_ahead()
    {
        var read = 0;
        var cells = mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, 1000).Select(i =>
        {
            read++;
            return new Cell { Sharpness = 1, Noise = i * 0.001 };
        }));
        var view = mlContext.Scan(cells);
        Assert.AreEqual(0, read);

        _ = mlContext.Data.CreateEnumerable<CellOutcome>(view, reuseRowObject: false, ignoreMissingColumns: true).First();

        Assert.IsLessThanOrEqualTo(17, read);
    }

    [TestMethod]
    public void Nothing_is_simulated_where_no_new_column_is_asked_for()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        var view = mlContext.Scan(mlContext.Grid(), QuickScan.Options with { CancellationToken = cancelled.Token });

        Assert.HasCount(12, view.Doubles("Sharpness"));
        Assert.Throws<OperationCanceledException>(() => view.Doubles("AdamLoss"));
    }

    [TestMethod]
    public void Without_a_finite_loss_there_is_no_winner()
    {
        var cells = mlContext.Data.LoadFromEnumerable([new Cell { Sharpness = 1e300, Noise = 1e6 }]);
        var row = mlContext.Data.CreateEnumerable<CellOutcome>(
            mlContext.Scan(cells, QuickScan.Options with { LearningRates = [1e300] }), reuseRowObject: false, ignoreMissingColumns: true).Single();

        Assert.AreEqual(0u, row.Winner);
        Assert.IsTrue(double.IsNaN(row.AdamLoss) && double.IsNaN(row.FocusLearningRate));
    }
}
