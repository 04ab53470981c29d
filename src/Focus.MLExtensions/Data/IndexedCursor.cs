using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>One of several cursors over an <see cref="IndexedDataView"/>, which take turns in batches of rows.</summary>
/// <param name="schema">The view's schema.</param>
/// <param name="columns">The view's columns.</param>
/// <param name="active">Which of them may be read.</param>
/// <param name="rowCount">The view's rows.</param>
/// <param name="order">The rows in the order to visit them, or null for their own.</param>
/// <param name="first">Which of the cursors this is.</param>
/// <param name="stride">How many cursors there are.</param>
internal sealed class IndexedCursor(
    DataViewSchema schema, IndexedColumn[] columns, bool[] active, int rowCount, int[]? order, int first, int stride) : DataViewRowCursor
{
    private const int BatchSize = 64;

    private long visited;
    private long place = -1;

    public override DataViewSchema Schema => schema;

    public override long Position => Row < 0 ? -1 : visited - 1;

    public override long Batch => place / BatchSize;

    /// <summary>The current row, or -1 before the first and after the last.</summary>
    public int Row { get; private set; } = -1;

    public static int Batches(int rowCount) => (int)(((long)rowCount + BatchSize - 1) / BatchSize);

    public override bool MoveNext()
    {
        place = (visited / BatchSize * stride + first) * BatchSize + visited % BatchSize;
        if (place >= rowCount)
        {
            Row = -1;
            return false;
        }

        Row = order?[place] ?? (int)place;
        visited++;
        return true;
    }

    public override bool IsColumnActive(DataViewSchema.Column column) => active[column.Index];

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = new DataViewRowId((ulong)Row, 0);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        if (!active[column.Index]) throw new InvalidOperationException($"Column '{column.Name}' was not asked for when the cursor was made.");
        return columns[column.Index].CreateGetter(this) as ValueGetter<TValue>
            ?? throw new InvalidOperationException($"Column '{column.Name}' is {column.Type}; it cannot be read as {typeof(TValue)}.");
    }
}
