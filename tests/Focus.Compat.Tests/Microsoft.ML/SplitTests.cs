using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus.Compat.Tests;

[TestClass]
public class SplitTests
{
    private readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    public void SplitPartsAreDisjointAndComplete()
    {
        var split = _ml.Data.TrainTestSplit(Numbers(1000), testFraction: 0.2);
        var train = Values(split.TrainSet);
        var test = Values(split.TestSet);

        Assert.AreSequenceEqual(Enumerable.Range(0, 1000), train.Concat(test).Order());
        Assert.IsInRange(150, 250, test.Length);
        Assert.IsFalse(split.TrainSet.CanShuffle);
        Assert.IsNull(split.TrainSet.GetRowCount());
    }

    [TestMethod]
    public void SplitIsDecidedByTheSeed()
    {
        var first = Values(_ml.Data.TrainTestSplit(Numbers(200), seed: 7).TestSet);

        Assert.AreSequenceEqual(first, Values(new MLContext(seed: 2).Data.TrainTestSplit(Numbers(200), seed: 7).TestSet));
        Assert.AreSequenceEqual(first, Values(new MLContext(seed: 7).Data.TrainTestSplit(Numbers(200)).TestSet), "The context's seed is the default.");
        Assert.AreNotSequenceEqual(first, Values(_ml.Data.TrainTestSplit(Numbers(200), seed: 8).TestSet));
    }

    [TestMethod]
    public void SplitIsThatOfTheOfficialLibrary()
    {
        Assert.AreSequenceEqual(new[] { 2, 12, 13, 28, 33, 34, 35, 37, 47 }, Values(_ml.Data.TrainTestSplit(Numbers(50), 0.2, seed: 1).TestSet));
        Assert.AreSequenceEqual(new[] { 5, 6, 18, 28, 37, 44, 45, 48 }, Values(new MLContext().Data.TrainTestSplit(Numbers(50), 0.2).TestSet),
            "Without any seed it is 42.");
    }

    [TestMethod]
    public void SplitStaysTheSameForEachCursor()
    {
        var test = _ml.Data.TrainTestSplit(Numbers(200)).TestSet;

        Assert.AreSequenceEqual(Values(test), Values(test));
    }

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(1.0)]
    public void SplitFractionLiesBetweenZeroAndOne(double fraction) =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Data.TrainTestSplit(Numbers(3), fraction));

    [TestMethod]
    public void TakeAndSkipSelectRows()
    {
        var data = Numbers(10);

        Assert.AreSequenceEqual(new[] { 3, 4 }, Values(_ml.Data.TakeRows(_ml.Data.SkipRows(data, 3), 2)));
        Assert.AreSequenceEqual(new[] { 8, 9 }, Values(_ml.Data.TakeRows(_ml.Data.SkipRows(data, 8), 5)));
        Assert.IsEmpty(Values(_ml.Data.SkipRows(data, 11)));
        Assert.AreEqual(2, _ml.Data.TakeRows(_ml.Data.SkipRows(data, 8), 5).GetRowCount());
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Data.TakeRows(data, 0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Data.SkipRows(data, 0));
    }

    private IDataView Numbers(int count) => _ml.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(i => new Item { Value = i }).ToArray());

    private static int[] Values(IDataView data) => data.GetColumn<int>("Value").ToArray();

    private sealed class Item
    {
        public int Value { get; set; }
    }
}
