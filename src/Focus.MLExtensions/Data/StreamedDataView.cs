using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>A column of a <see cref="StreamedDataView{TRow}"/>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type.</param>
/// <param name="CreateGetter">A getter (<c>ValueGetter</c>) for the row that the function gives.</param>
internal sealed record StreamedColumn<TRow>(string Name, DataViewType Type, Func<Func<TRow>, Delegate> CreateGetter)
{
    public static StreamedColumn<TRow> Create<T>(string name, DataViewType type, Func<TRow, T> read)
        => new(name, type, current => (ValueGetter<T>)((ref T value) => value = read(current())));
}

/// <summary>A view of rows that are made one after the other, anew for each cursor; how many there are is known at the end only.</summary>
internal sealed class StreamedDataView<TRow> : IDataView where TRow : class
{
    private readonly IEnumerable<TRow> rows;
    private readonly StreamedColumn<TRow>[] columns;

    public StreamedDataView(IEnumerable<TRow> rows, params StreamedColumn<TRow>[] columns)
    {
        (this.rows, this.columns) = (rows, columns);
        var schema = new DataViewSchema.Builder();
        foreach (var column in columns) schema.AddColumn(column.Name, column.Type);
        Schema = schema.ToSchema();
    }

    public bool CanShuffle => false;

    public DataViewSchema Schema { get; }

    public long? GetRowCount() => null;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
        => new Cursor(this, new ActiveColumns(Schema, columnsNeeded));

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
        => [GetRowCursor(columnsNeeded, rand)];

    private sealed class Cursor(StreamedDataView<TRow> view, ActiveColumns active) : DataViewRowCursor
    {
        private readonly IEnumerator<TRow> rows = view.rows.GetEnumerator();
        private TRow? current;
        private long visited;

        public override DataViewSchema Schema => view.Schema;

        public override long Position => current is null ? -1 : visited - 1;

        public override long Batch => 0;

        private TRow Current => current
            ?? throw new InvalidOperationException("The cursor stands before the first row or after the last; there is no value.");

        public override bool MoveNext()
        {
            current = rows.MoveNext() ? rows.Current : null;
            if (current is null) return false;
            visited++;
            return true;
        }

        public override bool IsColumnActive(DataViewSchema.Column column) => active.Contains(column);

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = new DataViewRowId((ulong)Position, 0);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            active.Require(column);
            return ActiveColumns.Cast<TValue>(view.columns[column.Index].CreateGetter(() => Current), column);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) rows.Dispose();
            base.Dispose(disposing);
        }
    }
}
