using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus.Compat.Tests;

[TestClass]
public class TransformTests
{
    private readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    public void ConcatenateJoinsScalarsAndVectors()
    {
        var data = _ml.Data.LoadFromEnumerable(new Row[] { new() { X = 1, V = [2, 3], Y = 4 } });

        var joined = _ml.Transforms.Concatenate("Features", "X", "V", "Y").Fit(data).Transform(data);

        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 4), joined.Schema["Features"].Type);
        Assert.AreSequenceEqual(new[] { 1f, 2, 3, 4 }, joined.GetColumn<float[]>("Features").Single());
        Assert.AreSequenceEqual(new[] { "X", "", "", "Y" }, SlotNames(joined.Schema["Features"]));
    }

    [TestMethod]
    public void ConcatenatePrefixesSlotNamesOfVectors()
    {
        var data = _ml.Data.LoadFromEnumerable(new Row[] { new() { X = 1, V = [2, 3], Y = 4 } });

        var joined = _ml.Transforms.Concatenate("XY", "X", "Y").Append(_ml.Transforms.Concatenate("All", "XY", "X")).Fit(data).Transform(data);

        Assert.AreSequenceEqual(new[] { "XY.X", "XY.Y", "X" }, SlotNames(joined.Schema["All"]));
    }

    [TestMethod]
    public void ConcatenateOfOneVectorIsThatVector()
    {
        var data = _ml.Data.LoadFromEnumerable(new Row[] { new() { V = [2, 3] } });

        var same = _ml.Transforms.Concatenate("W", "V").Fit(data).Transform(data);

        Assert.AreEqual(data.Schema["V"].Type, same.Schema["W"].Type);
        Assert.AreSequenceEqual(new[] { 2f, 3 }, same.GetColumn<float[]>("W").Single());
    }

    [TestMethod]
    public void ConcatenateOfVectorsOfUnknownSizeHasUnknownSize()
    {
        var data = _ml.Data.LoadFromEnumerable(new Row[] { new() { X = 9, Open = [1, 2, 3] }, new() { X = 8 } });

        var joined = _ml.Transforms.Concatenate("W", "X", "Open").Fit(data).Transform(data);

        Assert.IsFalse(((VectorDataViewType)joined.Schema["W"].Type).IsKnownSize);
        Assert.AreSequenceEqual(new[] { 4, 1 }, joined.GetColumn<float[]>("W").Select(row => row.Length));
    }

    [TestMethod]
    public void SchemasThatDoNotFitAreFoundBeforeAnyRow()
    {
        var data = _ml.Data.LoadFromEnumerable(new Row[] { new() });
        var other = _ml.Data.LoadFromEnumerable(new[] { new { X = 1.0, Y = 2f } });

        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Transforms.Concatenate("F", "X", "Nothing").Fit(data).Transform(data));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Transforms.Concatenate("F", "X", "Text").Fit(data).Transform(data));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Transforms.CopyColumns("Z", "Nothing").Fit(data));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Transforms.Concatenate("F", "X", "Y").Fit(data).Transform(other));
        Assert.ThrowsExactly<InvalidOperationException>(
            () => _ml.Transforms.CopyColumns("Z", "X").Append(_ml.Transforms.Concatenate("F", "X", "Text")).Fit(data), "A chain checks its shapes.");
    }

    [TestMethod]
    public void NamesAreNotEmpty()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Transforms.Concatenate("", "X"));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Transforms.Concatenate("F"));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Transforms.CopyColumns("Z", ""));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new InputOutputColumnPair(""));
    }

    [TestMethod]
    public void CopyKeepsTypeAndAnnotations()
    {
        var data = _ml.Data.LoadFromEnumerable(new Row[] { new() { X = 1, Y = 2 } });

        var copied = _ml.Transforms.Concatenate("XY", "X", "Y").Append(_ml.Transforms.CopyColumns("Copy", "XY")).Fit(data).Transform(data);

        Assert.AreSequenceEqual(new[] { "X", "Y" }, SlotNames(copied.Schema["Copy"]));
        Assert.AreSequenceEqual(new[] { 1f, 2 }, copied.GetColumn<float[]>("Copy").Single());
    }

    [TestMethod]
    public void NewColumnStandsBehindTheOneItHides()
    {
        var data = _ml.Data.LoadFromEnumerable(new Row[] { new() { X = 1, Y = 2 } });

        var hidden = _ml.Transforms.CopyColumns("X", "Y").Fit(data).Transform(data);

        var first = data.Schema["X"].Index;
        Assert.IsTrue(hidden.Schema[first].IsHidden);
        Assert.AreEqual(first + 1, hidden.Schema["X"].Index);
        Assert.AreEqual(2, hidden.GetColumn<float>("X").Single());
        Assert.AreEqual(1, hidden.GetColumn<float>(hidden.Schema[first]).Single());
    }

    [TestMethod]
    public void TransformIsLazyAndReadsOnlyWhatIsNeeded()
    {
        var read = 0;
        var data = _ml.Data.LoadFromEnumerable(Enumerable.Range(0, 3).Select(i =>
        {
            read++;
            return new Row { X = i };
        }));

        var transformed = _ml.Transforms.CopyColumns("Z", "X").Fit(data).Transform(data);
        using var cursor = transformed.GetRowCursor([transformed.Schema["Z"]]);

        Assert.AreEqual(0, read);
        Assert.IsTrue(cursor.IsColumnActive(transformed.Schema["Z"]));
        Assert.IsFalse(cursor.IsColumnActive(transformed.Schema["Y"]));
        Assert.ThrowsExactly<InvalidOperationException>(() => cursor.GetGetter<float>(transformed.Schema["Y"]));
    }

    [TestMethod]
    public void ChainKeepsTransformersAndScopes()
    {
        var data = _ml.Data.LoadFromEnumerable(new Row[] { new() { X = 1 } });
        var chain = _ml.Transforms.CopyColumns("A", "X")
            .Append(_ml.Transforms.CopyColumns("B", "X"), TransformerScope.TrainTest)
            .Append(_ml.Transforms.CopyColumns("C", "X")).Fit(data);

        var scored = chain.Transform(data).Schema;

        Assert.AreEqual(3, chain.Count());
        Assert.IsNotNull(scored.GetColumnOrNull("A"));
        Assert.IsNull(scored.GetColumnOrNull("B"), "Transform scores; the link is for training and testing.");
        Assert.IsNotNull(chain.Transform(data, TransformerScope.Everything).Schema.GetColumnOrNull("B"));
        Assert.AreSame(chain.Last(), chain.LastTransformer);
    }

    [TestMethod]
    public void OnFitDelegateSeesTheTransformer()
    {
        var data = _ml.Data.LoadFromEnumerable(new Row[] { new() });
        ITransformer? seen = null;

        var chain = _ml.Transforms.CopyColumns("A", "X").WithOnFitDelegate(fitted => seen = fitted).Append(_ml.Transforms.CopyColumns("B", "X")).Fit(data);

        Assert.AreSame(chain.First(), seen);
    }

    private static string[] SlotNames(DataViewSchema.Column column)
    {
        VBuffer<ReadOnlyMemory<char>> names = default;
        column.GetSlotNames(ref names);
        return names.DenseValues().Select(name => name.ToString()).ToArray();
    }

    private sealed class Row
    {
        public float X { get; set; }

        public float Y { get; set; }

        [VectorType(2)]
        public float[] V { get; set; } = [0, 0];

        public float[] Open { get; set; } = [];

        public string Text { get; set; } = "";
    }
}
