using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace Focus.Compat.Tests;

[TestClass]
public class KeyMappingTests
{
    private readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    public void KeysAreNumberedByOccurrence()
    {
        var keyed = Map(_ml.Transforms.Conversion.MapValueToKey("Key", "Word"), "b", "a", "b", "", "C");

        Assert.AreSequenceEqual(new uint[] { 1, 2, 1, 0, 3 }, keyed.GetColumn<uint>("Key"), "Empty text is missing.");
        Assert.AreEqual(new KeyDataViewType(typeof(uint), 3), keyed.Schema["Key"].Type);
        Assert.AreSequenceEqual(new[] { "b", "a", "C" }, KeyTexts(keyed.Schema["Key"]));
    }

    [TestMethod]
    public void KeysAreNumberedByValue()
    {
        var keyed = Map(_ml.Transforms.Conversion.MapValueToKey("Key", "Word", keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue), "b", "a", "C");

        Assert.AreSequenceEqual(new[] { "C", "a", "b" }, KeyTexts(keyed.Schema["Key"]), "Text is ordered by its characters' codes.");
        Assert.AreSequenceEqual(new uint[] { 3, 2, 1 }, keyed.GetColumn<uint>("Key"));
    }

    [TestMethod]
    public void FurtherValuesAreMissingOnceThereAreEnoughKeys()
    {
        var keyed = Map(_ml.Transforms.Conversion.MapValueToKey("Key", "Word", maximumNumberOfKeys: 2), "a", "b", "c", "a");

        Assert.AreSequenceEqual(new uint[] { 1, 2, 0, 1 }, keyed.GetColumn<uint>("Key"));
    }

    [TestMethod]
    public void UnseenValuesAreMissing()
    {
        var model = _ml.Transforms.Conversion.MapValueToKey("Key", "Word").Fit(Words("a", "b"));

        Assert.AreSequenceEqual(new uint[] { 0, 2 }, model.Transform(Words("x", "b")).GetColumn<uint>("Key"));
    }

    [TestMethod]
    public void NumbersAndVectorsAreMapped()
    {
        var data = _ml.Data.LoadFromEnumerable(new Numbers[] { new() { V = [2, 1], N = float.NaN }, new() { V = [3, 2], N = 5 } });

        var keyed = _ml.Transforms.Conversion.MapValueToKey([new("KV", "V"), new("KN", "N")]).Fit(data).Transform(data);
        var back = _ml.Transforms.Conversion.MapKeyToValue([new("V2", "KV"), new("N2", "KN")]).Fit(keyed).Transform(keyed);

        Assert.AreEqual(new VectorDataViewType(new KeyDataViewType(typeof(uint), 3), 2), keyed.Schema["KV"].Type);
        Assert.AreSequenceEqual(new uint[] { 1, 2, 3, 1 }, keyed.GetColumn<uint[]>("KV").SelectMany(row => row));
        Assert.AreSequenceEqual(new uint[] { 0, 1 }, keyed.GetColumn<uint>("KN"), "NaN is missing.");
        Assert.AreSequenceEqual(new[] { 2, 1, 3, 2 }, back.GetColumn<int[]>("V2").SelectMany(row => row));
        Assert.AreSequenceEqual(new[] { float.NaN, 5 }, back.GetColumn<float>("N2"), "A missing key becomes NaN.");
    }

    [TestMethod]
    public void KeysMapBackToTheirValues()
    {
        var pipeline = _ml.Transforms.Conversion.MapValueToKey("Key", "Word").Append(_ml.Transforms.Conversion.MapKeyToValue("Back", "Key"));

        Assert.AreSequenceEqual(new[] { "b", "", "a" }, Map(pipeline, "b", "", "a").GetColumn<string>("Back"));
    }

    [TestMethod]
    public void KeyValuesCanBeText()
    {
        var data = _ml.Data.LoadFromEnumerable(new Numbers[] { new() { N = 2.5f } });

        var keyed = _ml.Transforms.Conversion.MapValueToKey("K", "N", addKeyValueAnnotationsAsText: true).Fit(data).Transform(data);

        Assert.AreSequenceEqual(new[] { "2.5" }, KeyTexts(keyed.Schema["K"]));
    }

    [TestMethod]
    public void KeysCanBeGiven()
    {
        var keys = _ml.Data.LoadFromEnumerable(new[] { "z", "a" }.Select(word => new Item { Word = word }));

        var keyed = Map(_ml.Transforms.Conversion.MapValueToKey("Key", "Word", keyData: keys), "a", "b", "z");

        Assert.AreSequenceEqual(new uint[] { 2, 0, 1 }, keyed.GetColumn<uint>("Key"));
    }

    [TestMethod]
    public void KeysOfKeysHaveTheValuesOfTheFirst()
    {
        var twice = _ml.Transforms.Conversion.MapValueToKey("Key", "Word", keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue)
            .Append(_ml.Transforms.Conversion.MapValueToKey("Again", "Key"));

        var keyed = Map(twice, "b", "a");

        Assert.AreSequenceEqual(new[] { "b", "a" }, KeyTexts(keyed.Schema["Again"]));
    }

    [TestMethod]
    public void NoValuesMakeAKeyWithoutValues()
    {
        var keyed = Map(_ml.Transforms.Conversion.MapValueToKey("Key", "Word"), "", "");

        Assert.AreEqual(new KeyDataViewType(typeof(uint), 1), keyed.Schema["Key"].Type);
        Assert.IsFalse(keyed.Schema["Key"].HasKeyValues());
    }

    [TestMethod]
    public void ColumnsThatAreNoKeysCannotBeMappedBack()
    {
        var words = Words("a");
        var estimator = _ml.Transforms.Conversion.MapKeyToValue("Back", "Word");

        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new EstimatorChain<ITransformer>().Append(estimator).Fit(words));
        Assert.ThrowsExactly<InvalidOperationException>(() => estimator.Fit(words));
    }

    [TestMethod]
    public void LearntKeysDoNotApplyToAnotherType()
    {
        var model = _ml.Transforms.Conversion.MapValueToKey("Key", "Word").Fit(Words("a"));
        var numbers = _ml.Data.LoadFromEnumerable(new[] { new { Word = 1f } });

        Assert.ThrowsExactly<InvalidOperationException>(() => model.Transform(numbers));
    }

    private IDataView Words(params string[] words) => _ml.Data.LoadFromEnumerable(words.Select(word => new Item { Word = word }));

    private IDataView Map(IEstimator<ITransformer> estimator, params string[] words)
    {
        var data = Words(words);
        return estimator.Fit(data).Transform(data);
    }

    private static string[] KeyTexts(DataViewSchema.Column column)
    {
        VBuffer<ReadOnlyMemory<char>> values = default;
        column.GetKeyValues(ref values);
        return values.DenseValues().Select(value => value.ToString()).ToArray();
    }

    private sealed class Item
    {
        public string Word { get; set; } = "";
    }

    private sealed class Numbers
    {
        [VectorType(2)]
        public int[] V { get; set; } = [0, 0];

        public float N { get; set; }
    }
}
