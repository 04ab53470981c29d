using Microsoft.ML.Data;

namespace Focus.Compat.Tests;

[TestClass]
public class VBufferTests
{
    private static readonly VBuffer<float> _sparse = new(5, 2, [3f, 4f], [1, 3]);

    [TestMethod]
    public void SparseBufferReadsAsDense()
    {
        Assert.IsFalse(_sparse.IsDense);
        Assert.AreSequenceEqual(new[] { 0f, 3, 0, 4, 0 }, _sparse.DenseValues());
        Assert.AreSequenceEqual(new[] { 1, 3 }, _sparse.Items().Select(item => item.Key));
        Assert.AreSequenceEqual(new[] { 0, 1, 2, 3, 4 }, _sparse.Items(all: true).Select(item => item.Key));
        Assert.AreEqual(4f, _sparse.GetItemOrDefault(3));
        Assert.AreEqual(0f, _sparse.GetItemOrDefault(4));
    }

    [TestMethod]
    public void CopyToSpanFillsGaps()
    {
        var destination = new[] { 9f, 9, 9, 9, 9, 9, 9 };

        _sparse.CopyTo(destination, 1, defaultValue: -1);

        Assert.AreSequenceEqual(new[] { 9f, -1, 3, -1, 4, -1, 9 }, destination);
    }

    [TestMethod]
    public void CopyToDenseKeepsTheSource()
    {
        VBuffer<float> dense = default;

        _sparse.CopyToDense(ref dense);

        Assert.IsTrue(dense.IsDense);
        Assert.AreSequenceEqual(_sparse.DenseValues(), dense.GetValues().ToArray());
    }

    [TestMethod]
    public void CopyToKeepsSparseness()
    {
        VBuffer<float> copy = default;

        _sparse.CopyTo(ref copy);

        Assert.AreSequenceEqual(new[] { 1, 3 }, copy.GetIndices().ToArray());
        Assert.AreSequenceEqual(new[] { 3f, 4 }, copy.GetValues().ToArray());
    }

    [TestMethod]
    public void EditorReusesArraysThatAreLargeEnough()
    {
        VBuffer<int> buffer = default;
        var first = VBufferEditor.Create(ref buffer, 4);
        buffer = first.Commit();
        var second = VBufferEditor.Create(ref buffer, 3);

        Assert.IsTrue(first.CreatedNewValues);
        Assert.IsFalse(second.CreatedNewValues);
        Assert.AreEqual(3, second.Values.Length);
        Assert.AreEqual(3, second.Commit().Length);
    }

    [TestMethod]
    public void EditorKeepsOldValuesWhenAskedTo()
    {
        VBuffer<int> buffer = new(2, [7, 8]);

        var editor = VBufferEditor.Create(ref buffer, 3, keepOldOnResize: true);

        Assert.AreSequenceEqual(new[] { 7, 8, 0 }, editor.Values.ToArray());
    }

    [TestMethod]
    public void DenseEditorHasIndicesWhenAskedTo()
    {
        VBuffer<int> buffer = default;

        Assert.AreEqual(0, VBufferEditor.Create(ref buffer, 3).Indices.Length);
        Assert.AreEqual(3, VBufferEditor.Create(ref buffer, 3, requireIndicesOnDense: true).Indices.Length);
    }

    [TestMethod]
    public void TruncatedCommitIsSparse()
    {
        VBuffer<int> buffer = default;
        var editor = VBufferEditor.Create(ref buffer, 10, valuesCount: 3);
        editor.Values[0] = 5;
        editor.Indices[0] = 6;

        buffer = editor.CommitTruncated(1);

        Assert.AreEqual(10, buffer.Length);
        Assert.AreEqual(5, buffer.GetItemOrDefault(6));
        Assert.AreEqual(1, buffer.GetValues().Length);
    }

    [TestMethod]
    public void InvalidArgumentsAreOutOfRange()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new VBuffer<int>(3, [1]));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new VBuffer<int>(3, 4, [1, 2, 3, 4], [0, 1, 2, 3]));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new VBuffer<int>(3, 2, [1, 2], [0]));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _sparse.GetItemOrDefault(5));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _sparse.CopyTo(new float[4]));
    }
}
