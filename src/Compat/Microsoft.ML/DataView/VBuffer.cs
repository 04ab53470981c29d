using System.Collections;

namespace Microsoft.ML.Data;

/// <summary>A vector, dense or sparse, whose arrays are reused from row to row.</summary>
/// <remarks>Fill one through <see cref="VBufferEditor"/>. A sparse vector holds only the values at its sorted indices.</remarks>
public readonly struct VBuffer<T> : IEnumerable
{
    private readonly T[] _values;
    private readonly int[] _indices;
    private readonly int _count;

    public readonly int Length;

    public VBuffer(int length, T[] values, int[] indices = null) : this(length, length, values, indices)
    {
    }

    public VBuffer(int length, int count, T[] values, int[] indices)
    {
        Require.Argument(length >= 0, nameof(length), $"A length is not negative: {length}.");
        Require.Argument(count >= 0 && count <= length, nameof(count), $"The number of values is 0 to the length {length}, not {count}.");
        Require.Argument(Size(values) >= count, nameof(values), $"{count} values are needed, {Size(values)} given.");
        Require.Argument(count == length || Size(indices) >= count, nameof(indices), $"{count} indices are needed, {Size(indices)} given.");

        Length = length;
        _count = count;
        _values = values;
        _indices = indices;
    }

    public bool IsDense => _count == Length;

    public ReadOnlySpan<T> GetValues() => _values.AsSpan(0, _count);

    public ReadOnlySpan<int> GetIndices() => IsDense ? default : _indices.AsSpan(0, _count);

    public void CopyToDense(ref VBuffer<T> destination)
    {
        var editor = VBufferEditor.Create(ref destination, Length);
        CopyTo(editor.Values);
        destination = editor.Commit();
    }

    public void CopyTo(ref VBuffer<T> destination)
    {
        var editor = VBufferEditor.Create(ref destination, Length, _count);
        GetValues().CopyTo(editor.Values);
        if (!IsDense) GetIndices().CopyTo(editor.Indices);
        destination = editor.Commit();
    }

    public void CopyTo(Span<T> destination) => CopyTo(destination, 0);

    public void CopyTo(Span<T> destination, int destinationIndex, T defaultValue = default)
    {
        Require.Argument(destinationIndex >= 0 && destinationIndex <= destination.Length - Length, nameof(destination),
            $"{Length} values do not fit at {destinationIndex} of {destination.Length}.");

        var target = destination.Slice(destinationIndex, Length);
        if (IsDense)
        {
            GetValues().CopyTo(target);
            return;
        }

        target.Fill(defaultValue);
        for (var i = 0; i < _count; i++) target[_indices[i]] = _values[i];
    }

    public static void Copy(T[] source, int sourceIndex, ref VBuffer<T> destination, int length)
    {
        Require.Argument(length >= 0 && length <= Size(source), nameof(length), $"A length is 0 to {Size(source)}, not {length}.");
        Require.Argument(sourceIndex >= 0 && sourceIndex <= Size(source) - length, nameof(sourceIndex),
            $"{length} values do not begin at {sourceIndex} of {Size(source)}.");
        var editor = VBufferEditor.Create(ref destination, length);
        source.AsSpan(sourceIndex, length).CopyTo(editor.Values);
        destination = editor.Commit();
    }

    public IEnumerable<T> DenseValues() => Items(all: true).Select(item => item.Value);

    public IEnumerable<KeyValuePair<int, T>> Items(bool all = false)
    {
        var next = 0;
        for (var i = 0; i < _count; i++)
        {
            var index = IsDense ? i : _indices[i];
            for (; all && next < index; next++) yield return new(next, default);
            yield return new(index, _values[i]);
            next = index + 1;
        }

        for (; all && next < Length; next++) yield return new(next, default);
    }

    public T GetItemOrDefault(int index)
    {
        Require.Argument(index >= 0 && index < Length, nameof(index), $"An index is 0 to {Length - 1}, not {index}.");
        if (IsDense) return _values[index];
        var slot = GetIndices().BinarySearch(index);
        return slot >= 0 ? _values[slot] : default;
    }

    public IEnumerator GetEnumerator() => _values.GetEnumerator();

    public override string ToString() =>
        IsDense ? $"Dense vector of size {Length}" : $"Sparse vector of size {Length}, {_count} explicit values";

    internal VBufferEditor<T> Edit(int length, int count, bool keepOld, bool requireIndices)
    {
        Require.Argument(length >= 0, nameof(length), $"A length is not negative: {length}.");
        Require.Argument(count >= 0 && count <= length, nameof(count), $"The number of values is 0 to the length {length}, not {count}.");

        var values = Resize(_values, count, keepOld, out var newValues);
        var hasIndices = requireIndices || count < length;
        var indices = hasIndices ? Resize(_indices, count, keepOld, out _) : _indices;
        return new VBufferEditor<T>(length, count, values, indices, hasIndices, newValues);
    }

    private static TItem[] Resize<TItem>(TItem[] array, int count, bool keepOld, out bool created)
    {
        created = Size(array) < count;
        if (!created) return array;
        var grown = new TItem[count];
        if (keepOld) array?.CopyTo(grown, 0);
        return grown;
    }

    private static int Size(Array array) => array?.Length ?? 0;
}
