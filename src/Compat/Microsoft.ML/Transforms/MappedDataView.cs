namespace Microsoft.ML.Data;

/// <summary>A view with new columns computed from each row.</summary>
internal sealed class MappedDataView(IDataView source, ColumnBindings bindings) : IDataView
{
    public bool CanShuffle => source.CanShuffle;

    public DataViewSchema Schema => bindings.OutputSchema;

    public long? GetRowCount() => source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
    {
        var needed = columnsNeeded.ToArray();
        return new Cursor(source.GetRowCursor(bindings.GetDependencies(needed), rand), bindings, needed);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null)
    {
        var needed = columnsNeeded.ToArray();
        var inputs = source.GetRowCursorSet(bindings.GetDependencies(needed), n, rand);
        return Array.ConvertAll(inputs, DataViewRowCursor (input) => new Cursor(input, bindings, needed));
    }

    private sealed class Cursor : DataViewRowCursor
    {
        private readonly DataViewRowCursor _input;
        private readonly ColumnBindings.MappedGetters _getters;

        public Cursor(DataViewRowCursor input, ColumnBindings bindings, DataViewSchema.Column[] needed)
        {
            _input = input;
            _getters = bindings.MakeGetters(input, needed);
        }

        public override DataViewSchema Schema => _getters.Schema;

        public override long Position => _input.Position;

        public override long Batch => _input.Batch;

        public override bool MoveNext() => _input.MoveNext();

        public override ValueGetter<DataViewRowId> GetIdGetter() => _input.GetIdGetter();

        public override bool IsColumnActive(DataViewSchema.Column column) => _getters.IsActive(column);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => _getters.Get<TValue>(column);

        protected override void Dispose(bool disposing)
        {
            if (disposing) _input.Dispose();
        }
    }
}
