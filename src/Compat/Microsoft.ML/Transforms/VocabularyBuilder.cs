using Microsoft.ML.Transforms;

namespace Microsoft.ML.Data;

/// <summary>Collects the different values of a column, row by row.</summary>
internal abstract class VocabularyBuilder
{
    /// <summary>A builder for a column, scalar or vector, of a cursor.</summary>
    public static VocabularyBuilder Create(DataViewRow row, DataViewSchema.Column column, int maximumNumberOfKeys)
    {
        Require.Argument(maximumNumberOfKeys > 0, nameof(maximumNumberOfKeys), $"The greatest number of keys is positive, not {maximumNumberOfKeys}.");
        return Dispatch.Call<VocabularyBuilder>(typeof(VocabularyBuilder), null, nameof(CreateCore), column.Type.ItemType().RawType, row, column, maximumNumberOfKeys);
    }

    /// <summary>Adds the current row's values.</summary>
    public abstract void AddRow();

    public abstract Vocabulary Finish(ValueToKeyMappingEstimator.KeyOrdinality order);

    private static VocabularyBuilder<T> CreateCore<T>(DataViewRow row, DataViewSchema.Column column, int maximumNumberOfKeys) =>
        new(row, column, maximumNumberOfKeys);
}

/// <summary>Collects values of one type.</summary>
internal sealed class VocabularyBuilder<T> : VocabularyBuilder
{
    private readonly PrimitiveDataViewType _itemType;
    private readonly ValueGetter<T> _scalar;
    private readonly ValueGetter<VBuffer<T>> _vector;
    private readonly Predicate<T> _isMissing;
    private readonly int _maximum;
    private readonly HashSet<T> _seen = new(PrimitiveTypes.Equality<T>());
    private readonly List<T> _terms = [];
    private T _value;
    private VBuffer<T> _values;

    public VocabularyBuilder(DataViewRow row, DataViewSchema.Column column, int maximum)
    {
        _itemType = (PrimitiveDataViewType)column.Type.ItemType();
        _isMissing = PrimitiveTypes.IsMissing<T>(_itemType);
        _maximum = maximum;
        if (column.Type is VectorDataViewType) _vector = row.GetGetter<VBuffer<T>>(column);
        else _scalar = row.GetGetter<T>(column);
    }

    public override void AddRow()
    {
        if (_terms.Count == _maximum) return;
        if (_vector is null)
        {
            _scalar(ref _value);
            Add(_value);
        }
        else
        {
            _vector(ref _values);
            foreach (var value in _values.DenseValues()) Add(value);
        }
    }

    public override Vocabulary Finish(ValueToKeyMappingEstimator.KeyOrdinality order)
    {
        if (order == ValueToKeyMappingEstimator.KeyOrdinality.ByValue) _terms.Sort(PrimitiveTypes.Order<T>());
        return new Vocabulary<T>(_itemType, [.. _terms]);
    }

    private void Add(T value)
    {
        if (_terms.Count == _maximum || _isMissing(value) || _seen.Contains(value)) return;

        // Text lies in a buffer that the cursor may use again.
        var kept = value is ReadOnlyMemory<char> text ? (T)(object)text.ToString().AsMemory() : value;
        _seen.Add(kept);
        _terms.Add(kept);
    }
}
