using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>A cursor that reads ahead and computes the added columns of many rows at once; what is handed through is kept
/// meanwhile.</summary>
internal sealed class BlockCursor : DataViewRowCursor
{
    /// <summary>Rows of the first block; each is twice as large as the one before, so that who reads a few rows waits for a few.</summary>
    private const int FirstCount = 16;

    private readonly RowMapping mapping;
    private readonly DataViewRowCursor input;
    private readonly ActiveColumns active;
    private readonly RowBlock block;
    private readonly Dictionary<int, ColumnBuffer> passedThrough;
    private readonly ColumnBuffer<DataViewRowId> ids;
    private readonly long[] batches;
    private int capacity;
    private int count;
    private int slot;
    private long position = -1;

    public BlockCursor(RowMapping mapping, DataViewRowCursor input, ActiveColumns active)
    {
        (this.mapping, this.input, this.active) = (mapping, input, active);
        block = mapping.CreateBlock(input, mapping.BlockSize);
        passedThrough = mapping.PassedThrough(active.Columns)
            .ToDictionary(column => column.Index, column => ColumnBuffer.Of(input, column, mapping.BlockSize));
        ids = new ColumnBuffer<DataViewRowId>(input.GetIdGetter(), mapping.BlockSize, ColumnBuffer.Assign);
        batches = new long[mapping.BlockSize];
        capacity = Math.Min(FirstCount, mapping.BlockSize);
    }

    public override DataViewSchema Schema => mapping.OutputSchema;

    public override long Position => position;

    public override long Batch => batches[slot];

    public override bool MoveNext()
    {
        if (++slot >= count) Fill();
        block.Current = slot;
        position = count > 0 ? position + 1 : -1;
        return count > 0;
    }

    public override bool IsColumnActive(DataViewSchema.Column column) => active.Contains(column);

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ValueGetter<DataViewRowId>)ids.CreateGetter(() => slot);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        active.Require(column);
        var getter = mapping.IsAdded(column) ? block.CreateGetter(mapping.AddedIndex(column)) : passedThrough[column.Index].CreateGetter(() => slot);
        return ActiveColumns.Cast<TValue>(getter, column);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            block.Dispose();
            input.Dispose();
        }
        base.Dispose(disposing);
    }

    private void Fill()
    {
        slot = 0;
        for (count = 0; count < capacity && input.MoveNext(); count++)
        {
            block.Read(count);
            ids.Read(count);
            batches[count] = input.Batch;
            foreach (var buffer in passedThrough.Values) buffer.Read(count);
        }
        if (count > 0) block.Compute(count);
        capacity = Math.Min(2 * capacity, mapping.BlockSize);
    }
}
