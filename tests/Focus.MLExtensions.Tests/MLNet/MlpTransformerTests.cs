using Microsoft.ML;
using Microsoft.ML.Data;
using TorchSharp;

namespace Focus.Tests;

[TestClass]
public sealed class MlpTransformerTests
{
    private static readonly MLContext MlContext = new(seed: 1);
    private static readonly MlpTransformer Model = MlContext.Focus.Trainers.Mlp(Blobs.Quick).Fit(MlContext.View(Blobs.Keyed(60)));

    [TestMethod]
    public void Scores_are_probabilities_and_the_predicted_label_is_the_key_of_the_largest()
    {
        foreach (var row in Score(Blobs.Keyed(50)))
        {
            Assert.AreEqual(1, row.Score.Sum(), 1e-5);
            Assert.IsTrue(row.Score.All(probability => probability is >= 0 and <= 1));
            Assert.AreEqual((uint)row.Score.IndexOf(row.Score.Max()) + 1, row.PredictedLabel);
        }
    }

    [TestMethod]
    public void A_prediction_engine_gives_what_transform_gives()
    {
        var points = Blobs.Keyed(40, seed: 3);
        var expected = Score(points);
        using var engine = MlContext.Model.CreatePredictionEngine<Keyed, Scored>(Model, new PredictionEngineOptions { OwnsTransformer = false });

        for (var i = 0; i < points.Length; i++)
        {
            var single = engine.Predict(points[i]);
            Assert.AreEqual(expected[i].PredictedLabel, single.PredictedLabel);
            for (var k = 0; k < 3; k++) Assert.AreEqual(expected[i].Score[k], single.Score[k], 1e-6f);
        }
    }

    [TestMethod]
    public void Models_and_engines_outlive_the_dispose_scope_they_are_made_in()
    {
        MlpTransformer model;
        PredictionEngine<Keyed, Scored> engine;
        using (torch.NewDisposeScope())
        {
            model = MlContext.Focus.Trainers.Mlp(Blobs.Quick with { MaxSteps = 1 }).Fit(MlContext.View(Blobs.Keyed(60)));
            engine = MlContext.Model.CreatePredictionEngine<Keyed, Scored>(model);
        }

        using (engine) Assert.AreEqual(1, engine.Predict(Blobs.Keyed(1)[0]).Score.Sum(), 1e-5);
    }

    [TestMethod]
    public void Wide_rows_are_scored_in_blocks_of_bounded_size()
    {
        // 3,000,000 features: a block of 1024 rows would take more than a tensor's span can hold.
        const int width = 3_000_000;
        using var network = new Mlp(width, [], 2, batchNormalization: false);
        var model = new MlpTransformer(network, new MlpConfiguration("Features", width, [], 2, BatchNormalization: false, LabelValues: null));
        var schema = SchemaDefinition.Create(typeof(Keyed));
        schema["Features"].ColumnType = new VectorDataViewType(NumberDataViewType.Single, width);
        var scores = model.Transform(MlContext.Data.LoadFromEnumerable([new Keyed { Features = new float[width] }], schema));

        using var cursor = scores.GetRowCursor([scores.Schema["Score"]]);
        VBuffer<float> score = default;
        Assert.IsTrue(cursor.MoveNext());
        cursor.GetGetter<VBuffer<float>>(scores.Schema["Score"])(ref score);

        Assert.AreEqual(1, score.DenseValues().Sum(), 1e-5);
    }

    [TestMethod]
    public void Columns_pass_through_in_step_with_the_scores_over_many_blocks()
    {
        var points = Blobs.Keyed(3000, seed: 3);
        var view = Model.Transform(MlContext.View(points));

        using var cursor = view.GetRowCursor(view.Schema);
        var (features, label, predicted) = (
            cursor.GetGetter<VBuffer<float>>(view.Schema["Features"]), cursor.GetGetter<uint>(view.Schema["Label"]), cursor.GetGetter<uint>(view.Schema["PredictedLabel"]));
        var id = cursor.GetIdGetter();
        VBuffer<float> place = default;
        DataViewRowId rowId = default;
        for (var i = 0; i < points.Length; i++)
        {
            Assert.IsTrue(cursor.MoveNext());
            uint key = 0, prediction = 0;
            features(ref place);
            label(ref key);
            predicted(ref prediction);
            id(ref rowId);
            Assert.AreEqual(i, cursor.Position);
            Assert.AreEqual((ulong)i, rowId.Low);
            Assert.AreEqual(points[i].Features[0], place.GetValues()[0]);
            Assert.AreEqual(points[i].Label + 1, key);
            Assert.AreEqual(points[i].Label + 1, prediction);
        }
        Assert.IsFalse(cursor.MoveNext());
        Assert.AreEqual(-1, cursor.Position);
    }

    [TestMethod]
    public void Parallel_and_shuffled_cursors_give_each_row_its_own_score()
    {
        var points = Blobs.Keyed(500, seed: 3);
        var view = Model.Transform(MlContext.View(points));
        var expected = Score(points);

        var seen = 0;
        foreach (var cursor in view.GetRowCursorSet(view.Schema, 3, new Random(1)))
        {
            using (cursor)
            {
                var (id, score) = (cursor.GetIdGetter(), cursor.GetGetter<VBuffer<float>>(view.Schema["Score"]));
                DataViewRowId row = default;
                VBuffer<float> value = default;
                for (; cursor.MoveNext(); seen++)
                {
                    id(ref row);
                    score(ref value);
                    Assert.AreEqual(expected[row.Low].Score[0], value.GetValues()[0], 1e-6f);
                }
            }
        }
        Assert.AreEqual(points.Length, seen);
    }

    [TestMethod]
    public void Nothing_is_read_before_rows_are_and_only_a_few_rows_ahead()
    {
        var read = 0;
        var view = Model.Transform(MlContext.View(Blobs.Keyed(3000).Select(point =>
        {
            read++;
            return point;
        })));
        Assert.AreEqual(0, read);

        var first = MlContext.Data.CreateEnumerable<Scored>(view, reuseRowObject: false, ignoreMissingColumns: true).First();

        Assert.HasCount(3, first.Score);
        Assert.IsLessThanOrEqualTo(2, read);
    }

    [TestMethod]
    public void Rows_before_a_broken_one_can_be_read_and_none_is_handed_out_after_the_error_that_was_not_computed()
    {
        var points = Blobs.Keyed(40);
        points[5].Features = [1];
        var view = Model.Transform(MlContext.View(points));
        using var cursor = view.GetRowCursor(view.Schema);
        var score = cursor.GetGetter<VBuffer<float>>(view.Schema["Score"]);
        VBuffer<float> value = default;
        for (var row = 0; row < 3; row++)
        {
            Assert.IsTrue(cursor.MoveNext());
            score(ref value);
        }
        Assert.Throws<InvalidOperationException>(() => { while (cursor.MoveNext()) { } });

        while (cursor.MoveNext())
        {
            score(ref value);
            Assert.AreEqual(1, value.DenseValues().Sum(), 1e-5);
        }
    }

    [TestMethod]
    public void Features_are_not_read_where_no_score_is_asked_for()
    {
        var broken = Blobs.Keyed(5);
        foreach (var point in broken) point.Features = [1];

        CollectionAssert.AreEqual(new uint[] { 1, 2, 3, 1, 2 }, Model.Transform(MlContext.View(broken)).GetColumn<uint>("Label").ToArray());
    }

    [TestMethod]
    public void Features_that_are_nan_have_no_predicted_label()
    {
        var row = Score([new Keyed { Features = [float.NaN, 0] }]).Single();

        Assert.IsTrue(row.Score.All(float.IsNaN));
        Assert.AreEqual(0u, row.PredictedLabel);
    }

    [TestMethod]
    public void Columns_carry_the_annotations_of_multiclass_scorers()
    {
        var data = MlContext.Data.LoadFromEnumerable(Blobs.Colored(60));
        var schema = Pipelines.Colors(MlContext).Fit(data).GetOutputSchema(data.Schema);

        Assert.AreEqual("MulticlassClassification", Text(schema["Score"], "ScoreColumnKind"));
        Assert.AreEqual("Score", Text(schema["Score"], "ScoreValueKind"));
        Assert.AreEqual("MulticlassClassification", Text(schema["PredictedLabel"], "ScoreColumnKind"));
        Assert.AreEqual("PredictedLabel", Text(schema["PredictedLabel"], "ScoreValueKind"));
        VBuffer<ReadOnlyMemory<char>> slots = default;
        schema["Score"].GetSlotNames(ref slots);
        CollectionAssert.AreEqual(Blobs.Colors, slots.DenseValues().Select(name => name.ToString()).ToArray());
        Assert.IsInstanceOfType<TextDataViewType>(schema["Answer"].Type);

        static string Text(DataViewSchema.Column column, string kind)
        {
            ReadOnlyMemory<char> text = default;
            column.Annotations.GetValue(kind, ref text);
            return text.ToString();
        }
    }

    [TestMethod]
    public void Key_values_that_are_numbers_stay_numbers()
    {
        var data = MlContext.Data.LoadFromEnumerable(Blobs.Keyed(60).Select(point => new Numbered { Features = point.Features, Size = point.Label * 0.5f }));
        var model = MlContext.Transforms.Conversion.MapValueToKey("Label", nameof(Numbered.Size)).Append(MlContext.Focus.Trainers.Mlp(Blobs.Quick))
            .Append(MlContext.Transforms.Conversion.MapKeyToValue("Answer", "PredictedLabel")).Fit(data);

        CollectionAssert.AreEqual(
            Blobs.Keyed(60).Select(point => point.Label * 0.5f).ToArray(), model.Transform(data).GetColumn<float>("Answer").ToArray());
    }

    [TestMethod]
    public void Features_of_another_width_are_refused()
    {
        var data = MlContext.View(Blobs.Keyed(5));
        var wider = MlContext.Transforms.Concatenate("Features", "Features", "Features").Fit(data).Transform(data);

        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Model.Transform(wider));

        StringAssert.Contains(error.Message, "vector of 2 Single");
        StringAssert.Contains(error.Message, "Vector<Single, 4>");
    }

    private static Scored[] Score(IEnumerable<Keyed> points)
        => [.. MlContext.Data.CreateEnumerable<Scored>(Model.Transform(MlContext.View(points)), reuseRowObject: false)];

    private sealed class Numbered
    {
        [VectorType(2)]
        public float[] Features { get; set; } = [];

        public float Size { get; set; }
    }
}
