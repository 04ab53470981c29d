using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Focus.Tests;

[TestClass]
public sealed class MlpTrainerTests
{
    private readonly MLContext mlContext = new(seed: 1);

    [TestMethod]
    public void It_learns_to_tell_classes_apart_with_each_optimizer()
    {
        var train = mlContext.View(Blobs.Keyed(120));
        var test = mlContext.View(Blobs.Keyed(60, seed: 1));
        OptimizerSettings[] optimizers =
            [new FocusOptions { LearningRate = 0.01, Beta2 = 0.99 }, new SignumOptions { LearningRate = 0.01 }, new AdamWOptions { LearningRate = 0.02 }];

        foreach (var optimizer in optimizers)
        {
            var model = mlContext.Focus.Trainers.Mlp(Blobs.Quick with { Optimizer = optimizer }).Fit(train);
            var metrics = mlContext.MulticlassClassification.Evaluate(model.Transform(test));
            Assert.AreEqual(1, metrics.MicroAccuracy, $"{optimizer}");
            Assert.IsLessThan(0.4, metrics.LogLoss, $"{optimizer}");
        }
    }

    [TestMethod]
    public void The_short_form_takes_an_optimizer_and_column_names()
    {
        var data = mlContext.Transforms.CopyColumns("Kind", "Label").Append(mlContext.Transforms.CopyColumns("Place", "Features"))
            .Fit(mlContext.View(Blobs.Keyed(96))).Transform(mlContext.View(Blobs.Keyed(96)));

        var model = mlContext.Focus.Trainers.Mlp(new FocusOptions { LearningRate = 0.003 }, labelColumnName: "Kind", featureColumnName: "Place").Fit(data);

        Assert.IsGreaterThan(0.9, mlContext.MulticlassClassification.Evaluate(model.Transform(data), labelColumnName: "Kind").MicroAccuracy);
    }

    [TestMethod]
    public void A_linear_classifier_needs_no_hidden_layers()
    {
        var model = mlContext.Focus.Trainers.Mlp(Blobs.Quick with { HiddenWidths = [], BatchNormalization = false }).Fit(mlContext.View(Blobs.Keyed(60)));

        CollectionAssert.AreEquivalent(
            new[] { "layers.0.weight", "layers.0.bias" }, model.Network.state_dict().Keys.ToArray());
    }

    [TestMethod]
    public void A_seed_in_the_context_repeats_runs_and_another_changes_them()
    {
        var first = ScoresAfterTraining(new MLContext(seed: 3));

        CollectionAssert.AreEqual(first, ScoresAfterTraining(new MLContext(seed: 3)));
        CollectionAssert.AreNotEqual(first, ScoresAfterTraining(new MLContext(seed: 4)));
    }

    [TestMethod]
    public void A_seed_in_the_options_repeats_runs_whatever_the_context()
        => CollectionAssert.AreEqual(ScoresAfterTraining(new MLContext(seed: 3), seed: 5), ScoresAfterTraining(new MLContext(seed: 4), seed: 5));

    [TestMethod]
    public void Every_key_type_and_a_missing_key_value_annotation_will_do()
    {
        AssertLearns(mlContext.Data.LoadFromEnumerable(Blobs.Keyed(60).Select(point => new ByteKeyed { Features = point.Features, Label = (byte)point.Label })));
        AssertLearns(mlContext.Data.LoadFromEnumerable(Blobs.Keyed(60).Select(point => new LongKeyed { Features = point.Features, Label = point.Label })));
    }

    [TestMethod]
    public void Data_of_unknown_length_train_the_same_model()
    {
        var points = Blobs.Keyed(5000);
        var (known, unknown) = (mlContext.View(points), mlContext.View(points.Select(point => point)));
        Assert.IsNull(unknown.GetRowCount());

        var trainer = mlContext.Focus.Trainers.Mlp(Blobs.Quick with { MaxSteps = 5 });

        CollectionAssert.AreEqual(Scores(trainer.Fit(known)), Scores(trainer.Fit(unknown)));
    }

    [TestMethod]
    public void Rows_without_a_label_are_left_out_with_a_warning()
    {
        var warnings = new LogCollector(mlContext, ChannelMessageKind.Warning).Messages;
        Keyed[] labelled = Blobs.Keyed(60), missing = [.. Blobs.Keyed(9).Select(point => new Keyed { Features = [float.NaN, 0], Label = 99 })];

        var scores = Scores(mlContext.Focus.Trainers.Mlp(Blobs.Quick).Fit(mlContext.View([.. missing, .. labelled])));

        StringAssert.Contains(warnings.Single(), "9 of 69 rows");
        StringAssert.Contains(warnings.Single(), "'Label'");
        CollectionAssert.AreEqual(Scores(mlContext.Focus.Trainers.Mlp(Blobs.Quick).Fit(mlContext.View(labelled))), scores);
    }

    [TestMethod]
    public void An_evaluation_set_is_evaluated_at_each_interval_and_at_the_end()
    {
        var progress = new Recorder();
        var infos = new LogCollector(mlContext).Messages;
        var options = Blobs.Quick with { EvaluationSet = mlContext.View(Blobs.Keyed(30, seed: 2)), EvaluationInterval = 25, Progress = progress };

        mlContext.Focus.Trainers.Mlp(options).Fit(mlContext.View(Blobs.Keyed(60)));

        Assert.HasCount(60, progress.Reports);
        CollectionAssert.AreEqual(new long[] { 25, 50, 60 }, progress.Reports.Where(report => report.Evaluation is not null).Select(report => report.Step).ToArray());
        Assert.AreEqual(1, progress.Reports[^1].Evaluation!.Value.Accuracy);
        var last = infos.Single(message => message.StartsWith("Step 60 of 60", StringComparison.Ordinal));
        StringAssert.Contains(last, "accuracy 100");
        StringAssert.Matches(last, new(@", \d+:\d\d:\d\d$"), "the time is in whole seconds");
    }

    [TestMethod]
    public void Cancelling_gives_the_model_as_trained_so_far_with_a_warning()
    {
        using var cancellation = new CancellationTokenSource();
        var warnings = new LogCollector(mlContext, ChannelMessageKind.Warning).Messages;
        var progress = new Recorder { OnReport = report => { if (report.Step == 10) cancellation.Cancel(); } };
        var train = mlContext.View(Blobs.Keyed(60));

        var cancelled = mlContext.Focus.Trainers.Mlp(Blobs.Quick with { CancellationToken = cancellation.Token, Progress = progress }).Fit(train);

        Assert.HasCount(10, progress.Reports);
        StringAssert.Contains(warnings.Single(), "after 10 steps");
        CollectionAssert.AreEqual(Scores(mlContext.Focus.Trainers.Mlp(Blobs.Quick with { MaxSteps = 10 }).Fit(train)), Scores(cancelled));
    }

    [TestMethod]
    public void The_promised_output_is_that_of_the_transformer()
    {
        var data = mlContext.Transforms.Conversion.MapValueToKey("Label", nameof(Blob.Color))
            .Append(mlContext.Transforms.Concatenate("Features", nameof(Blob.X), nameof(Blob.Y)))
            .Fit(mlContext.Data.LoadFromEnumerable(Blobs.Colored(60))).Transform(mlContext.Data.LoadFromEnumerable(Blobs.Colored(60)));
        var trainer = mlContext.Focus.Trainers.Mlp(Blobs.Quick);

        var promised = trainer.GetOutputSchema(MlNetInternals.Current.CreateSchemaShape(data.Schema));

        var given = MlNetInternals.Current.CreateSchemaShape(trainer.Fit(data).GetOutputSchema(data.Schema));
        CollectionAssert.AreEqual(given.Select(Describe).ToArray(), promised.Select(Describe).ToArray());

        static string Describe(SchemaShape.Column column)
            => $"{column.Name} {column.Kind} {column.ItemType} {column.IsKey} [{string.Join("; ", column.Annotations.Select(Describe).Order())}]";
    }

    private void AssertLearns(IDataView data)
    {
        var output = mlContext.Focus.Trainers.Mlp(Blobs.Quick).Fit(data).Transform(data);
        Assert.AreEqual(1, mlContext.MulticlassClassification.Evaluate(output).MicroAccuracy);
        Assert.IsFalse(output.Schema["Score"].HasSlotNames());
    }

    private static float[] ScoresAfterTraining(MLContext mlContext, int? seed = null)
        => Scores(mlContext.Focus.Trainers.Mlp(Blobs.Quick with { Seed = seed, MaxSteps = 5 }).Fit(mlContext.View(Blobs.Keyed(60))));

    private static float[] Scores(MlpTransformer model)
        => [.. model.Transform(new MLContext().View(Blobs.Keyed(6, seed: 9))).GetColumn<float[]>("Score").SelectMany(score => score)];

    private sealed class ByteKeyed
    {
        [VectorType(2)]
        public float[] Features { get; set; } = [];

        [KeyType(3)]
        public byte Label { get; set; }
    }

    private sealed class LongKeyed
    {
        [VectorType(2)]
        public float[] Features { get; set; } = [];

        [KeyType(3)]
        public ulong Label { get; set; }
    }

    private sealed class Recorder : IProgress<TrainingProgress>
    {
        public Action<TrainingProgress>? OnReport { get; init; }

        public List<TrainingProgress> Reports { get; } = [];

        public void Report(TrainingProgress value)
        {
            Reports.Add(value);
            OnReport?.Invoke(value);
        }
    }
}
