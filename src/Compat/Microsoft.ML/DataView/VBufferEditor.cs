namespace Microsoft.ML.Data;

/// <summary>Starts an edit of a <see cref="VBuffer{T}"/>, reusing its arrays where they are large enough.</summary>
public static class VBufferEditor
{
    public static VBufferEditor<T> Create<T>(scoped ref VBuffer<T> destination, int newLogicalLength, int? valuesCount = null,
        int? maxValuesCapacity = null, bool keepOldOnResize = false, bool requireIndicesOnDense = false) =>
        destination.Edit(newLogicalLength, valuesCount ?? newLogicalLength, keepOldOnResize, requireIndicesOnDense);
}

/// <summary>The writable arrays of a <see cref="VBuffer{T}"/> until they are committed.</summary>
public readonly ref struct VBufferEditor<T>
{
    private readonly int _length;
    private readonly T[] _values;
    private readonly int[] _indices;

    public readonly Span<T> Values;
    public readonly Span<int> Indices;

    internal VBufferEditor(int length, int count, T[] values, int[] indices, bool hasIndices, bool createdNewValues)
    {
        _length = length;
        _values = values;
        _indices = indices;
        Values = values.AsSpan(0, count);
        Indices = hasIndices ? indices.AsSpan(0, count) : default;
        CreatedNewValues = createdNewValues;
    }

    public bool CreatedNewValues { get; }

    public VBuffer<T> Commit() => new(_length, Values.Length, _values, _indices);

    public VBuffer<T> CommitTruncated(int physicalValuesCount)
    {
        Require.Argument(physicalValuesCount <= Values.Length, nameof(physicalValuesCount),
            $"An edit begun with {Values.Length} values cannot end with {physicalValuesCount}.");
        return new(_length, physicalValuesCount, _values, _indices);
    }
}
