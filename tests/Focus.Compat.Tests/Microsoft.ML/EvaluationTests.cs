using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus.Compat.Tests;

[TestClass]
public class EvaluationTests
{
    private const double Tolerance = 1e-6;

    private readonly MLContext _ml = new(seed: 1);

    private static readonly Scored[] _rows =
    [
        new() { Label = 0, Score = [0.7f, 0.2f, 0.1f], PredictedLabel = 0 },
        new() { Label = 1, Score = [0.1f, 0.6f, 0.3f], PredictedLabel = 1 },
        new() { Label = 2, Score = [0.5f, 0.3f, 0.2f], PredictedLabel = 0 },
        new() { Label = 0, Score = [0.3f, 0.4f, 0.3f], PredictedLabel = 1 },
    ];

    [TestMethod]
    public void MetricsAreThoseComputedByHand()
    {
        var metrics = Evaluate(_rows, topK: 3);

        var loss = -(Math.Log(0.7) + Math.Log(0.6) + Math.Log(0.2) + Math.Log(0.3)) / 4;
        var entropy = -(0.5 * Math.Log(0.5) + 0.5 * Math.Log(0.25));
        Assert.AreEqual(0.5, metrics.MicroAccuracy, Tolerance);
        Assert.AreEqual((0.5 + 1 + 0) / 3, metrics.MacroAccuracy, Tolerance);
        Assert.AreEqual(loss, metrics.LogLoss, Tolerance);
        Assert.AreEqual((entropy - loss) / entropy, metrics.LogLossReduction, Tolerance);
        Assert.AreEqual(-(Math.Log(0.7) + Math.Log(0.3)) / 2, metrics.PerClassLogLoss[0], Tolerance);
        Assert.AreEqual(-Math.Log(0.6), metrics.PerClassLogLoss[1], Tolerance);
        Assert.AreEqual(-Math.Log(0.2), metrics.PerClassLogLoss[2], Tolerance);
        Assert.AreEqual(3, metrics.TopKPredictionCount);
        Assert.AreSequenceEqual(new[] { 0.5, 0.75, 1 }, metrics.TopKAccuracyForAllK);
        Assert.AreEqual(1, metrics.TopKAccuracy);
    }

    [TestMethod]
    public void TopKIsLeftOutUnlessAskedFor()
    {
        var metrics = Evaluate(_rows);

        Assert.IsNull(metrics.TopKAccuracyForAllK);
        Assert.AreEqual(0, metrics.TopKAccuracy);
    }

    [TestMethod]
    public void ConfusionMatrixCountsTruthByPrediction()
    {
        var confusion = Evaluate(_rows).ConfusionMatrix;

        Assert.AreEqual(3, confusion.NumberOfClasses);
        Assert.AreSequenceEqual(new[] { 1.0, 1, 0 }, confusion.Counts[0]);
        Assert.AreSequenceEqual(new[] { 0.0, 1, 0 }, confusion.Counts[1]);
        Assert.AreSequenceEqual(new[] { 1.0, 0, 0 }, confusion.Counts[2]);
        Assert.AreSequenceEqual(new[] { 0.5, 0.5, 0 }, confusion.PerClassPrecision);
        Assert.AreSequenceEqual(new[] { 0.5, 1, 0 }, confusion.PerClassRecall);
        Assert.AreEqual(1, confusion.GetCountForClassPair(predictedClassIndicatorIndex: 0, actualClassIndicatorIndex: 2));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => confusion.GetCountForClassPair(3, 0));
    }

    [TestMethod]
    public void ConfusionTableIsReadable()
    {
        const string expected = """

            Confusion table
                      ||========================
            PREDICTED ||     0 |     1 |     2 | Recall
            TRUTH     ||========================
                    0 ||     1 |     1 |     0 | 0.5000
                    1 ||     0 |     1 |     0 | 1.0000
                    2 ||     1 |     0 |     0 | 0.0000
                      ||========================
            Precision ||0.5000 |0.5000 |0.0000 |

            """;

        Assert.AreEqual(expected.ReplaceLineEndings(), Evaluate(_rows).ConfusionMatrix.GetFormattedConfusionTable());
    }

    [TestMethod]
    public void ConfusionTableNumbersLongNames()
    {
        var definition = SchemaDefinition.Create(typeof(Scored));
        definition["Score"].AddAnnotation("SlotNames", new[] { "platypus", "cat", "dog" }, new VectorDataViewType(TextDataViewType.Instance, 3));

        var table = _ml.MulticlassClassification.Evaluate(_ml.Data.LoadFromEnumerable(_rows, definition)).ConfusionMatrix.GetFormattedConfusionTable();

        Assert.Contains("0. platypus ||     1 |     1 |     0 | 0.5000", table);
        Assert.Contains("1.      cat ||", table);
        Assert.Contains("PREDICTED   ||     0 |     1 |     2 | Recall", table);
    }

    [TestMethod]
    public void RowsWithoutLabelOrWithBadScoresDoNotCount()
    {
        Scored[] bad = [new() { Label = 3, Score = [1, 0, 0] }, new() { Label = 0, Score = [float.NaN, 0, 0] }];

        Assert.AreEqual(Evaluate(_rows).LogLoss, Evaluate([.. _rows, .. bad]).LogLoss);
    }

    [TestMethod]
    public void NumbersAreLabelsToo()
    {
        var rows = new[] { 0f, float.NaN, -1, 0.5f, 2 }.Select(label => new { Label = label, Score = new[] { 0.9f, 0.1f }, PredictedLabel = 0f });
        var definition = SchemaDefinition.Create(rows.First().GetType(), SchemaDefinition.Direction.Read);
        definition["Score"].ColumnType = new VectorDataViewType(NumberDataViewType.Single, 2);

        var metrics = _ml.MulticlassClassification.Evaluate(_ml.Data.LoadFromEnumerable(rows, definition));

        Assert.AreEqual(0.5, metrics.MicroAccuracy, "Labels 0 and 2 count; 2 is beyond the scores, and wrong.");
        Assert.AreEqual((-Math.Log(0.9) - Math.Log(1e-15)) / 2, metrics.LogLoss, Tolerance);
    }

    [TestMethod]
    public void ProbabilityZeroHasAFiniteLoss() =>
        Assert.AreEqual(-Math.Log(1e-15), Evaluate([new() { Label = 1, Score = [1, 0, 0] }]).LogLoss, Tolerance);

    [TestMethod]
    public void NoRowsMakeZeroAccuracy() => Assert.AreEqual(0, Evaluate([]).MicroAccuracy);

    [TestMethod]
    public void ColumnsMustBeThereAndFit()
    {
        var data = _ml.Data.LoadFromEnumerable(_rows);

        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.MulticlassClassification.Evaluate(data, labelColumnName: "Nothing"));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.MulticlassClassification.Evaluate(data, predictedLabelColumnName: "Nothing"));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.MulticlassClassification.Evaluate(data, labelColumnName: "Score"));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.MulticlassClassification.Evaluate(data, scoreColumnName: "Label"));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.MulticlassClassification.Evaluate(data, topKPredictionCount: -1));
    }

    private MulticlassClassificationMetrics Evaluate(Scored[] rows, int topK = 0) =>
        _ml.MulticlassClassification.Evaluate(_ml.Data.LoadFromEnumerable(rows), topKPredictionCount: topK);

    private sealed class Scored
    {
        [KeyType(3)]
        public uint Label { get; set; }

        [VectorType(3)]
        public float[] Score { get; set; } = [];

        [KeyType(3)]
        public uint PredictedLabel { get; set; }
    }
}
