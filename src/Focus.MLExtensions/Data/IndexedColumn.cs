using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>Reads a column's value in a row, reusing the value's buffers; may be called from several threads at once.</summary>
internal delegate void IndexedReader<T>(int row, ref T value);

/// <summary>A column of an <see cref="IndexedDataView"/>.</summary>
internal sealed class IndexedColumn
{
    private readonly Func<IndexedCursor, Delegate> createGetter;

    private IndexedColumn(string name, DataViewType type, DataViewSchema.Annotations? annotations, Func<IndexedCursor, Delegate> createGetter)
    {
        Name = name;
        Type = type;
        Annotations = annotations;
        this.createGetter = createGetter;
    }

    public string Name { get; }

    public DataViewType Type { get; }

    public DataViewSchema.Annotations? Annotations { get; }

    public static IndexedColumn Create<T>(string name, DataViewType type, IndexedReader<T> reader, DataViewSchema.Annotations? annotations = null)
        => new(name, type, annotations, cursor => (ValueGetter<T>)((ref T value) => reader(cursor.Row, ref value)));

    /// <summary>A getter that follows the cursor.</summary>
    public Delegate CreateGetter(IndexedCursor cursor) => createGetter(cursor);
}
