namespace Microsoft.ML.Data;

/// <summary>A row that is set from outside, object by object.</summary>
internal sealed class ObjectRow<TRow> : DataViewRow where TRow : class
{
    private readonly Delegate[] _getters;
    private TRow _current;
    private long _position = -1;

    public ObjectRow(ObjectColumns<TRow> columns)
    {
        Schema = columns.Schema;
        _getters = Enumerable.Range(0, Schema.Count).Select(i => columns.MakeGetter(i, () => _current ?? throw Rows.NoRow())).ToArray();
    }

    public override DataViewSchema Schema { get; }

    public override long Position => _position;

    public override long Batch => 0;

    public void Set(TRow row)
    {
        _current = row;
        _position++;
    }

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = new DataViewRowId((ulong)_position, 0);

    public override bool IsColumnActive(DataViewSchema.Column column) => true;

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
        _getters[column.Index] as ValueGetter<TValue> ?? throw Rows.WrongType<TValue>(column);
}
