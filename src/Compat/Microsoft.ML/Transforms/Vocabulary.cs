namespace Microsoft.ML.Data;

/// <summary>The values that are mapped to keys: the first to key 1, and so on.</summary>
internal abstract class Vocabulary(PrimitiveDataViewType itemType, int count)
{
    public PrimitiveDataViewType ItemType { get; } = itemType;

    public int Count { get; } = count;

    // A key type has at least one value, even where no value was seen.
    public KeyDataViewType KeyType { get; } = new(typeof(uint), Math.Max(1, count));

    /// <summary>A getter that maps a column of scalars or vectors to keys.</summary>
    public abstract Delegate MakeGetter(DataViewRow row, DataViewSchema.Column column);

    public abstract void AddKeyValues(DataViewSchema.Annotations.Builder builder, DataViewSchema.Column source, bool asText);

    public abstract void Write(BinaryWriter writer);

    public static Vocabulary Read(BinaryReader reader)
    {
        var type = TypeCodec.Read(reader) as PrimitiveDataViewType;
        Require.Format(type is not null, "The model file has a vocabulary of vectors.");
        return Dispatch.Call<Vocabulary>(typeof(Vocabulary), null, nameof(ReadTerms), type.RawType, type, reader);
    }

    private static Vocabulary<T> ReadTerms<T>(PrimitiveDataViewType type, BinaryReader reader)
    {
        var terms = new T[reader.ReadInt32()];
        for (var i = 0; i < terms.Length; i++) terms[i] = ValueCodec.Read<T>(reader);
        return new(type, terms);
    }
}

/// <summary>Values of one type.</summary>
internal sealed class Vocabulary<T> : Vocabulary
{
    private readonly T[] _terms;
    private readonly Dictionary<T, uint> _keys = new(PrimitiveTypes.Equality<T>());

    public Vocabulary(PrimitiveDataViewType itemType, T[] terms) : base(itemType, terms.Length)
    {
        _terms = terms;
        for (var i = 0; i < terms.Length; i++) _keys.Add(terms[i], (uint)i + 1);
    }

    public override Delegate MakeGetter(DataViewRow row, DataViewSchema.Column column)
    {
        if (column.Type is not VectorDataViewType)
        {
            var scalar = row.GetGetter<T>(column);
            T value = default;
            return (ValueGetter<uint>)((ref uint key) =>
            {
                scalar(ref value);
                key = _keys.GetValueOrDefault(value);
            });
        }

        var vector = row.GetGetter<VBuffer<T>>(column);
        VBuffer<T> values = default;
        T[] dense = [];
        return (ValueGetter<VBuffer<uint>>)((ref VBuffer<uint> keys) =>
        {
            vector(ref values);
            if (dense.Length < values.Length) dense = new T[values.Length];
            values.CopyTo(dense);
            var editor = VBufferEditor.Create(ref keys, values.Length);
            for (var i = 0; i < values.Length; i++) editor.Values[i] = _keys.GetValueOrDefault(dense[i]);
            keys = editor.Commit();
        });
    }

    public override void AddKeyValues(DataViewSchema.Annotations.Builder builder, DataViewSchema.Column source, bool asText)
    {
        if (Count == 0) return;

        // The values of a key of a key are those of the first.
        if (ItemType is KeyDataViewType key && source.Annotations.Schema.GetColumnOrNull(AnnotationKinds.KeyValues)?.Type is VectorDataViewType values
            && (ulong)values.Size == key.Count)
        {
            Dispatch.Call<object>(GetType(), this, nameof(AddValuesOfKeys), values.ItemType.RawType, builder, source, values.ItemType, asText);
        }
        else
        {
            AddValues(builder, ItemType, asText, () => _terms);
        }
    }

    public override void Write(BinaryWriter writer)
    {
        TypeCodec.Write(writer, ItemType);
        writer.Write(Count);
        foreach (var term in _terms) ValueCodec.Write(writer, term);
    }

    private void AddValuesOfKeys<TValue>(DataViewSchema.Annotations.Builder builder, DataViewSchema.Column source, PrimitiveDataViewType type, bool asText) =>
        AddValues(builder, type, asText, () =>
        {
            VBuffer<TValue> values = default;
            source.GetKeyValues(ref values);
            return Array.ConvertAll(_terms, key => values.GetItemOrDefault((int)(Convert.ToUInt64(key) - 1)));
        });

    private void AddValues<TValue>(DataViewSchema.Annotations.Builder builder, PrimitiveDataViewType type, bool asText, Func<TValue[]> values)
    {
        if (asText && type is not TextDataViewType)
        {
            builder.Add(AnnotationKinds.KeyValues, new VectorDataViewType(TextDataViewType.Instance, Count),
                (ref VBuffer<ReadOnlyMemory<char>> destination) =>
                    VBuffer<ReadOnlyMemory<char>>.Copy(Array.ConvertAll(values(), value => PrimitiveTypes.Text(value).AsMemory()), 0, ref destination, Count));
        }
        else
        {
            builder.Add(AnnotationKinds.KeyValues, new VectorDataViewType(type, Count),
                (ref VBuffer<TValue> destination) => VBuffer<TValue>.Copy(values(), 0, ref destination, Count));
        }
    }
}
