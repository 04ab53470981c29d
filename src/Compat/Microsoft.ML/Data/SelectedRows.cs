namespace Microsoft.ML.Data;

/// <summary>A view of some of another's rows, in its order.</summary>
internal sealed class SelectedRows(IDataView source, Func<long?, long?> countRows, Func<SelectedRows.Step> start) : IDataView
{
    /// <summary>Moves the input to the next selected row; false at the end.</summary>
    public delegate bool Step(DataViewRowCursor input);

    // Which rows are selected depends on their order.
    public bool CanShuffle => false;

    public DataViewSchema Schema => source.Schema;

    public long? GetRowCount() => countRows(source.GetRowCount());

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null) =>
        new Cursor(source.GetRowCursor(columnsNeeded), start());

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    private sealed class Cursor(DataViewRowCursor input, Step step) : DataViewRowCursor
    {
        private long _position = -1;
        private bool _done;

        public override DataViewSchema Schema => input.Schema;

        public override long Position => _position;

        public override long Batch => 0;

        public override bool MoveNext()
        {
            if (_done) return false;
            if (step(input))
            {
                _position++;
                return true;
            }

            Dispose();
            return false;
        }

        public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

        public override bool IsColumnActive(DataViewSchema.Column column) => input.IsColumnActive(column);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => input.GetGetter<TValue>(column);

        protected override void Dispose(bool disposing)
        {
            if (_done || !disposing) return;
            _done = true;
            _position = -1;
            input.Dispose();
        }
    }
}
