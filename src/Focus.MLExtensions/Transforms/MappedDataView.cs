using Microsoft.ML;

namespace Focus;

/// <summary>A view with the columns a mapping adds.</summary>
internal sealed class MappedDataView(IDataView input, RowMapping mapping) : IDataView
{
    public bool CanShuffle => input.CanShuffle;

    public DataViewSchema Schema => mapping.OutputSchema;

    public long? GetRowCount() => input.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var active = new ActiveColumns(Schema, columnsNeeded);
        return Map(input.GetRowCursor(mapping.GetDependencies(active.Columns), rand), active);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        var active = new ActiveColumns(Schema, columnsNeeded);
        return [.. input.GetRowCursorSet(mapping.GetDependencies(active.Columns), n, rand).Select(cursor => Map(cursor, active))];
    }

    private DataViewRowCursor Map(DataViewRowCursor cursor, ActiveColumns active)
    {
        var blocks = mapping.BlockSize > 1 && active.Columns.Any(mapping.IsAdded)
            && mapping.PassedThrough(active.Columns).All(column => ColumnBuffer.Supports(column.Type));
        return blocks ? new BlockCursor(mapping, cursor, active) : new MappedCursor(mapping, cursor, active);
    }
}
