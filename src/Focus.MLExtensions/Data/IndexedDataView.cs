using Microsoft.ML;

namespace Focus;

/// <summary>A view of rows that can be read in any order: it can be shuffled, and split over parallel cursors.</summary>
internal sealed class IndexedDataView : IDataView
{
    private readonly int rowCount;
    private readonly IndexedColumn[] columns;

    public IndexedDataView(int rowCount, params IndexedColumn[] columns)
    {
        this.rowCount = rowCount;
        this.columns = columns;
        var schema = new DataViewSchema.Builder();
        foreach (var column in columns) schema.AddColumn(column.Name, column.Type, column.Annotations);
        Schema = schema.ToSchema();
    }

    public bool CanShuffle => true;

    public DataViewSchema Schema { get; }

    public long? GetRowCount() => rowCount;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
        => GetRowCursorSet(columnsNeeded, 1, rand)[0];

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        ArgumentNullException.ThrowIfNull(columnsNeeded);
        var active = new bool[columns.Length];
        foreach (var column in columnsNeeded) active[column.Index] = true;
        var order = Order(rand);
        var cursors = Math.Clamp(n, 1, Math.Max(1, IndexedCursor.Batches(rowCount)));
        return [.. Enumerable.Range(0, cursors).Select(i => new IndexedCursor(Schema, columns, active, rowCount, order, i, cursors))];
    }

    /// <summary>The rows in random order, or null for their own.</summary>
    private int[]? Order(Random? rand)
    {
        if (rand is null) return null;
        var order = Enumerable.Range(0, rowCount).ToArray();
        rand.Shuffle(order);
        return order;
    }
}
