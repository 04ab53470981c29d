using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus.Tests;

/// <summary>Features of which most are zero, as those of texts.</summary>
[TestClass]
public sealed class SparseFeatureTests
{
    private readonly MLContext mlContext = new(seed: 1);

    [TestMethod]
    public void Sparse_rows_train_the_same_model_as_dense_ones_bit_for_bit_whichever_come_first()
    {
        const int width = 50;
        var dense = View(width, 60, row => Sparse(row, width).DenseValues().ToArray() is var values ? new VBuffer<float>(width, values) : default);
        var sparse = View(width, 60, row => Sparse(row, width));
        var mixed = View(width, 60, row => row % 7 < 3 ? new VBuffer<float>(width, [.. Sparse(row, width).DenseValues()]) : Sparse(row, width));
        var trainer = mlContext.Focus.Trainers.Mlp(Blobs.Quick with { Optimizer = new AdamWOptions(), EvaluationInterval = 10 });

        var expected = trainer.Fit(dense, dense).Scores(dense);

        CollectionAssert.AreEqual(expected, trainer.Fit(sparse, sparse).Scores(dense));
        CollectionAssert.AreEqual(expected, trainer.Fit(mixed, sparse).Scores(sparse));
    }

    [TestMethod]
    public void Rows_of_a_hundred_thousand_features_take_the_memory_of_those_that_are_not_zero()
    {
        const int width = 100_000, rows = 2000; // 800 MB as a matrix, 160 KB as they are.
        var options = Blobs.Quick with { HiddenWidths = [4], BatchNormalization = false, BatchSize = 8, MaxSteps = 3 };
        var data = View(width, rows, row => Sparse(row, width));
        var most = 0L;
        var progress = new Watch(() => most = Math.Max(most, Environment.WorkingSet));
        mlContext.Focus.Trainers.Mlp(options).Fit(View(width, 10, row => Sparse(row, width)));
        var start = Environment.WorkingSet;

        mlContext.Focus.Trainers.Mlp(options with { Progress = progress }).Fit(data, data);

        Assert.IsLessThan(200_000_000, most - start);
    }

    [TestMethod]
    public void A_value_that_is_no_number_is_named_by_its_slot()
    {
        var data = View(1000, 60, row => row == 5 ? new VBuffer<float>(1000, 2, [1, float.NaN], [3, 700]) : Sparse(row, 1000));

        var error = Assert.ThrowsExactly<InvalidOperationException>(() => mlContext.Focus.Trainers.Mlp(Blobs.Quick).Fit(data));

        foreach (var part in new[] { "'Features'", "row 5", "slot 700", "NaN" }) StringAssert.Contains(error.Message, part);
    }

    /// <summary>A row's features: two that say its class, and some that do not.</summary>
    private static VBuffer<float> Sparse(int row, int width)
    {
        var random = new Random(row);
        int[] slots = [row % 3, .. Enumerable.Range(0, 8).Select(_ => random.Next(3, width)).Distinct().Order()];
        return new VBuffer<float>(width, slots.Length, [.. slots.Select(slot => slot < 3 ? 1 : random.NextSingle())], slots);
    }

    private static IDataView View(int width, int rows, Func<int, VBuffer<float>> features) => new IndexedDataView(
        rows,
        ViewColumn<int>.Create("Features", new VectorDataViewType(NumberDataViewType.Single, width), (int row, ref VBuffer<float> value) => features(row).CopyTo(ref value)),
        ViewColumn<int>.Create("Label", new KeyDataViewType(typeof(uint), 3), (int row, ref uint label) => label = (uint)(row % 3) + 1));

    private sealed class Watch(Action look) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => look();
    }
}
