using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>A row with the columns a mapping adds, computed when one of them is first asked for.</summary>
internal sealed class MappedRow : DataViewRow
{
    private readonly RowMapping mapping;
    private readonly DataViewRow input;
    private readonly ActiveColumns active;
    private readonly RowBlock? block;
    private long computed = -1;

    public MappedRow(RowMapping mapping, DataViewRow input, ActiveColumns active)
    {
        (this.mapping, this.input, this.active) = (mapping, input, active);
        if (active.Columns.Any(mapping.IsAdded)) block = mapping.CreateBlock(input, capacity: 1);
    }

    public override DataViewSchema Schema => mapping.OutputSchema;

    public override long Position => input.Position;

    public override long Batch => input.Batch;

    public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

    public override bool IsColumnActive(DataViewSchema.Column column) => active.Contains(column);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        active.Require(column);
        if (!mapping.IsAdded(column)) return input.GetGetter<TValue>(mapping.InputSchema[column.Index]);
        var getter = ActiveColumns.Cast<TValue>(block!.CreateGetter(mapping.AddedIndex(column)), column);
        return (ref TValue value) =>
        {
            Compute();
            getter(ref value);
        };
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            block?.Dispose();
            input.Dispose();
        }
        base.Dispose(disposing);
    }

    private void Compute()
    {
        if (computed == input.Position) return;
        block!.Read(0);
        block.Compute(1);
        computed = input.Position;
    }
}
