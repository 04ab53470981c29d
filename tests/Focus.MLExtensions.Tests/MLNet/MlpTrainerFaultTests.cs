using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus.Tests;

/// <summary>Each fault of data or options is one error that names the thing, before training begins.</summary>
[TestClass]
public sealed class MlpTrainerFaultTests
{
    private readonly MLContext mlContext = new(seed: 1);

    [TestMethod]
    public void A_missing_column()
    {
        Expect<ArgumentOutOfRangeException>(Blobs.Quick with { FeatureColumnName = "Pixels" }, Blobs.Keyed(60), "feature", "'Pixels'", "'Features'", "'Label'");
        Expect<ArgumentOutOfRangeException>(Blobs.Quick with { LabelColumnName = "Kind" }, Blobs.Keyed(60), "label", "'Kind'");
    }

    [TestMethod]
    public void Features_that_are_no_vector_of_single()
        => Expect<ArgumentOutOfRangeException>(Blobs.Quick, mlContext.Data.LoadFromEnumerable([new DoubleFeatures()]), "'Features'", "vector of Single of known size", "Vector<Double, 2>");

    [TestMethod]
    public void Features_of_unknown_size()
        => Expect<ArgumentOutOfRangeException>(Blobs.Quick, mlContext.Data.LoadFromEnumerable([new UnknownSize()]), "'Features'", "vector of Single of known size", "Vector<Single>");

    [TestMethod]
    public void A_label_that_is_no_key()
        => Expect<ArgumentOutOfRangeException>(Blobs.Quick, mlContext.Data.LoadFromEnumerable([new TextLabel()]), "'Label'", "key", "String", "MapValueToKey");

    [TestMethod]
    public void The_same_faults_are_found_before_fitting_from_the_shape_of_a_schema()
    {
        foreach (var (data, part) in new (IDataView, string)[]
                 {
                     (mlContext.Data.LoadFromEnumerable([new DoubleFeatures()]), "'Features'"),
                     (mlContext.Data.LoadFromEnumerable([new UnknownSize()]), "unknown size"),
                     (mlContext.Data.LoadFromEnumerable([new TextLabel()]), "MapValueToKey"),
                     (mlContext.Data.LoadFromEnumerable([new Blob()]), "'Features'"),
                 })
        {
            var shape = MlNetInternals.Current.CreateSchemaShape(data.Schema);
            var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => mlContext.Focus.Trainers.Mlp(Blobs.Quick).GetOutputSchema(shape));
            StringAssert.Contains(error.Message, part);
        }
    }

    [TestMethod]
    public void No_rows() => Expect<InvalidOperationException>(Blobs.Quick, Array.Empty<Keyed>(), "no rows", "0 rows");

    [TestMethod]
    public void No_labels() => Expect<InvalidOperationException>(
        Blobs.Quick, Blobs.Keyed(5).Select(point => new Keyed { Features = point.Features, Label = 99 }), "5 rows", "'Label'");

    [TestMethod]
    public void One_class() => Expect<InvalidOperationException>(
        Blobs.Quick, Blobs.Keyed(60).Where(point => point.Label == 1), "20 rows", "same label", "'Label'", "key 2");

    [TestMethod]
    [DataRow(float.NaN)]
    [DataRow(float.PositiveInfinity)]
    public void Features_that_are_no_numbers(float value)
    {
        var points = Blobs.Keyed(60);
        points[41].Features[1] = value;
        Expect<InvalidOperationException>(Blobs.Quick, points, "'Features'", "row 41", "slot 1", $"{value}");
    }

    [TestMethod]
    public void A_batch_larger_than_the_data()
        => Expect<ArgumentException>(Blobs.Quick with { BatchSize = 61 }, Blobs.Keyed(60), "BatchSize", "61", "60 rows");

    [TestMethod]
    public void A_loss_that_is_no_longer_finite_names_the_step_and_stops()
    {
        var options = Blobs.Quick with { BatchNormalization = false, Optimizer = new AdamWOptions { LearningRate = 1e30 } };

        var error = Assert.ThrowsExactly<TrainingDivergedException>(() => mlContext.Focus.Trainers.Mlp(options).Fit(mlContext.View(Blobs.Keyed(60))));

        Assert.AreEqual(2, error.Step);
        StringAssert.Contains(error.Message, "step 2");
    }

    [TestMethod]
    public void Invalid_options_are_found_when_the_trainer_is_made()
    {
        (MlpTrainer.Options Options, string Name)[] cases =
        [
            (Blobs.Quick with { HiddenWidths = [8, 0] }, "HiddenWidths"),
            (Blobs.Quick with { BatchSize = 0 }, "BatchSize"),
            (Blobs.Quick with { BatchSize = 1 }, "BatchNormalization"),
            (Blobs.Quick with { MaxSteps = 0 }, "MaxSteps"),
            (Blobs.Quick with { Optimizer = new FocusOptions { Beta1 = 1 } }, "Beta1"),
            (Blobs.Quick with { Device = "tpu" }, "tpu"),
            (Blobs.Quick with { Schedule = new CosineSchedule { WarmupSteps = 61 } }, "WarmupSteps"),
        ];
        foreach (var (options, name) in cases)
            StringAssert.Contains(Assert.Throws<ArgumentException>(() => mlContext.Focus.Trainers.Mlp(options)).Message, name);
    }

    [TestMethod]
    public void An_evaluation_set_with_other_columns()
    {
        var train = mlContext.View(Blobs.Keyed(60));
        var wider = mlContext.Transforms.Concatenate("Features", "Features", "Features").Fit(train).Transform(train);

        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => mlContext.Focus.Trainers.Mlp(Blobs.Quick).Fit(train, wider));

        StringAssert.Contains(error.Message, "evaluation set");
        StringAssert.Contains(error.Message, "Vector<Single, 4>");
    }

    [TestMethod]
    public void An_evaluation_set_whose_labels_stand_for_other_things()
    {
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => mlContext.Focus.Trainers.Mlp(Blobs.Quick).Fit(
            Labelled("red", "green", "blue"), Labelled("blue", "red", "green")));

        StringAssert.Contains(error.Message, "expected 'red' as key value 0, as in training, found 'blue'");
    }

    [TestMethod]
    [DataRow(-1f)]
    [DataRow(float.NaN)]
    [DataRow(float.PositiveInfinity)]
    public void Weights_that_no_row_can_have(float weight) => Expect<InvalidOperationException>(
        Blobs.Quick with { ExampleWeightColumnName = "Weight" },
        mlContext.Data.LoadFromEnumerable(Weighted.Of(Blobs.Keyed(60), i => i == 41 ? weight : 1)), "'Weight'", "row 41", $"{weight}");

    [TestMethod]
    public void Weights_that_are_all_zero_missing_or_of_another_type()
    {
        var data = mlContext.Data.LoadFromEnumerable(Weighted.Of(Blobs.Keyed(60), _ => 0));
        Expect<InvalidOperationException>(Blobs.Quick with { ExampleWeightColumnName = "Weight" }, data, "60 rows", "'Weight'");
        Expect<ArgumentOutOfRangeException>(Blobs.Quick with { ExampleWeightColumnName = "Mass" }, data, "example weight", "'Mass'");
        Expect<ArgumentOutOfRangeException>(Blobs.Quick with { ExampleWeightColumnName = "Label" }, data, "'Label'", "Single", "Key<UInt32");
        var shape = MlNetInternals.Current.CreateSchemaShape(data.Schema);
        var trainer = mlContext.Focus.Trainers.Mlp(Blobs.Quick with { ExampleWeightColumnName = "Features" });
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => trainer.GetOutputSchema(shape));
    }

    [TestMethod]
    public void An_evaluation_set_without_the_weights()
    {
        var train = mlContext.Data.LoadFromEnumerable(Weighted.Of(Blobs.Keyed(60), _ => 1));
        var trainer = mlContext.Focus.Trainers.Mlp(Blobs.Quick with { ExampleWeightColumnName = "Weight" });

        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => trainer.Fit(train, mlContext.View(Blobs.Keyed(60))));

        StringAssert.Contains(error.Message, "'Weight'");
    }

    private void Expect<TException>(MlpTrainer.Options options, IEnumerable<Keyed> rows, params string[] parts) where TException : Exception
        => Expect<TException>(options, mlContext.View(rows), parts);

    private void Expect<TException>(MlpTrainer.Options options, IDataView data, params string[] parts) where TException : Exception
    {
        var steps = 0;
        var trainer = mlContext.Focus.Trainers.Mlp(options with { Progress = new Counter(() => steps++) });
        var error = Assert.ThrowsExactly<TException>(() => trainer.Fit(data));
        foreach (var part in parts) StringAssert.Contains(error.Message, part);
        Assert.AreEqual(0, steps, "Training began.");
    }

    private IDataView Labelled(params string[] colors)
    {
        var blobs = colors.SelectMany((color, i) => Enumerable.Range(0, 10).Select(_ => new Blob { X = i, Y = i * i, Color = color }));
        var data = mlContext.Data.LoadFromEnumerable(blobs);
        return mlContext.Transforms.Conversion.MapValueToKey("Label", nameof(Blob.Color))
            .Append(mlContext.Transforms.Concatenate("Features", nameof(Blob.X), nameof(Blob.Y))).Fit(data).Transform(data);
    }

    private sealed class Counter(Action count) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => count();
    }

    private sealed class DoubleFeatures
    {
        [VectorType(2)]
        public double[] Features { get; set; } = [0, 0];

        [KeyType(3)]
        public uint Label { get; set; } = 1;
    }

    private sealed class UnknownSize
    {
        public float[] Features { get; set; } = [0, 0];

        [KeyType(3)]
        public uint Label { get; set; } = 1;
    }

    private sealed class TextLabel
    {
        [VectorType(2)]
        public float[] Features { get; set; } = [0, 0];

        public string Label { get; set; } = "red";
    }
}
