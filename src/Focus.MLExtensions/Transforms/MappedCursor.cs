using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>A cursor that maps row by row, in step with its input.</summary>
internal sealed class MappedCursor(RowMapping mapping, DataViewRowCursor input, ActiveColumns active) : DataViewRowCursor
{
    private readonly MappedRow row = new(mapping, input, active);

    public override DataViewSchema Schema => row.Schema;

    public override long Position => row.Position;

    public override long Batch => row.Batch;

    public override bool MoveNext() => input.MoveNext();

    public override ValueGetter<DataViewRowId> GetIdGetter() => row.GetIdGetter();

    public override bool IsColumnActive(DataViewSchema.Column column) => row.IsColumnActive(column);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => row.GetGetter<TValue>(column);

    protected override void Dispose(bool disposing)
    {
        if (disposing) row.Dispose();
        base.Dispose(disposing);
    }
}
