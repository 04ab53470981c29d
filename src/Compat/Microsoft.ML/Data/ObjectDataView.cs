namespace Microsoft.ML.Data;

/// <summary>A view over objects, enumerated anew by each cursor.</summary>
internal sealed class ObjectDataView<TRow>(IEnumerable<TRow> data, SchemaDefinition definition) : IDataView where TRow : class
{
    private readonly ObjectColumns<TRow> _columns = new(definition);

    public bool CanShuffle => false;

    public DataViewSchema Schema => _columns.Schema;

    public long? GetRowCount() => (data as ICollection<TRow>)?.Count;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null) =>
        new Cursor(data.GetEnumerator(), _columns, Rows.Active(Schema, columnsNeeded));

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    private sealed class Cursor : DataViewRowCursor
    {
        private readonly IEnumerator<TRow> _rows;
        private readonly Delegate[] _getters;
        private TRow _current;
        private long _position = -1;
        private bool _done;

        public Cursor(IEnumerator<TRow> rows, ObjectColumns<TRow> columns, bool[] active)
        {
            _rows = rows;
            Schema = columns.Schema;
            _getters = active.Select((isActive, i) => isActive ? columns.MakeGetter(i, () => _current ?? throw Rows.NoRow()) : null).ToArray();
        }

        public override DataViewSchema Schema { get; }

        public override long Position => _position;

        public override long Batch => 0;

        public override bool MoveNext()
        {
            if (_done) return false;
            if (!_rows.MoveNext())
            {
                Dispose();
                return false;
            }

            _current = _rows.Current ?? throw Require.Mark(new InvalidOperationException($"Row {_position + 1} of the data is null."));
            _position++;
            return true;
        }

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) =>
        {
            if (_position < 0) throw Rows.NoRow();
            id = new DataViewRowId((ulong)_position, 0);
        };

        public override bool IsColumnActive(DataViewSchema.Column column) => _getters[column.Index] is not null;

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            Require.Argument(IsColumnActive(column), nameof(column), Rows.Inactive(column).Message);
            return _getters[column.Index] as ValueGetter<TValue> ?? throw Rows.WrongType<TValue>(column);
        }

        protected override void Dispose(bool disposing)
        {
            if (_done || !disposing) return;
            _done = true;
            _position = -1;
            _current = null;
            _rows.Dispose();
        }
    }
}
