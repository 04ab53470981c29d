using System.Reflection;
using System.Runtime.ExceptionServices;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>A transformer of this library: it adds columns to each row of a view, lazily.</summary>
/// <remarks>
/// It works alone and in chains, in a prediction engine, with <c>mlContext.Model.Save</c> and <c>Load</c>, and with
/// <c>mlContext.Focus.Model.Save</c> and <c>Load</c>.
/// </remarks>
public abstract class FocusTransformer : ITransformer
{
    private protected FocusTransformer()
    {
    }

    bool ITransformer.IsRowToRowMapper => true;

    /// <summary>The kind of model, by which a model file says how it is loaded.</summary>
    internal abstract string ModelKind { get; }

    /// <summary>The schema of what <see cref="Transform"/> returns for data of the given schema.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The schema lacks an input column, or has it with another type.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return Bind(inputSchema).OutputSchema;
    }

    /// <summary>A view of the data with the new columns; nothing is computed before its rows are read.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The data lack an input column, or have it with another type.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new MappedDataView(input, Bind(input.Schema));
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return Bind(inputSchema);
    }

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        ModelRegistration.Save(this, ctx);
    }

    internal abstract void Save(ModelArchive archive);

    private protected abstract RowMapping Bind(DataViewSchema inputSchema);
}

/// <summary>A transformer bound to an input schema: the columns it reads and the columns it adds, which follow those of the
/// input.</summary>
internal sealed class RowMapping : IRowToRowMapper
{
    private readonly DataViewSchema.Column[] inputs;
    private readonly Func<DataViewRow, int, RowBlock> createBlock;

    public RowMapping(
        DataViewSchema inputSchema, IEnumerable<DataViewSchema.Column> inputs, IEnumerable<DataViewSchema.DetachedColumn> added,
        int blockSize, Func<DataViewRow, int, RowBlock> createBlock)
    {
        InputSchema = inputSchema;
        this.inputs = [.. inputs];
        (BlockSize, this.createBlock) = (blockSize, createBlock);
        var schema = new DataViewSchema.Builder();
        schema.AddColumns(inputSchema);
        schema.AddColumns(added);
        OutputSchema = schema.ToSchema();
    }

    public DataViewSchema InputSchema { get; }
    public DataViewSchema OutputSchema { get; }

    public int BlockSize { get; }

    public RowBlock CreateBlock(DataViewRow input, int capacity) => createBlock(input, capacity);

    public bool IsAdded(DataViewSchema.Column column) => column.Index >= InputSchema.Count;

    /// <summary>The place of an added column among the added ones.</summary>
    public int AddedIndex(DataViewSchema.Column column) => column.Index - InputSchema.Count;

    /// <summary>Those columns of the input that output columns are handed through from.</summary>
    public IEnumerable<DataViewSchema.Column> PassedThrough(IEnumerable<DataViewSchema.Column> outputs)
        => outputs.Where(column => !IsAdded(column)).Select(column => InputSchema[column.Index]);

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns)
    {
        var outputs = dependingColumns.ToArray();
        var passed = PassedThrough(outputs);
        return outputs.Any(IsAdded) ? passed.UnionBy(inputs, column => column.Index) : passed;
    }

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
        => new MappedRow(this, input, new ActiveColumns(OutputSchema, activeColumns));
}

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

/// <summary>A cursor that reads ahead and computes the added columns of many rows at once; what is handed through is kept
/// meanwhile.</summary>
internal sealed class BlockCursor : DataViewRowCursor
{
    private readonly RowMapping mapping;
    private readonly DataViewRowCursor input;
    private readonly ActiveColumns active;
    private readonly RowBlock block;
    private readonly Dictionary<int, ColumnBuffer> passedThrough;
    private readonly ColumnBuffer<DataViewRowId> ids;
    private readonly long[] batches;
    private int capacity = 1; // Each block is twice the size of the one before, so a reader of a few rows waits for few.
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
        slot = count = 0;
        var read = 0;
        for (; read < capacity && input.MoveNext(); read++)
        {
            block.Read(read);
            ids.Read(read);
            batches[read] = input.Batch;
            foreach (var buffer in passedThrough.Values) buffer.Read(read);
        }
        if (read > 0) block.Compute(read);
        count = read; // Only now: after an error, rows that were not computed are not handed out.
        capacity = Math.Min(2 * capacity, mapping.BlockSize);
    }
}

/// <summary>Some rows whose added columns are computed together.</summary>
/// <remarks>Used by one thread at a time: rows are read into the slots 0, 1, …, then computed, then handed out by way of
/// <see cref="Current"/>.</remarks>
internal abstract class RowBlock : IDisposable
{
    /// <summary>The slot whose values the getters give.</summary>
    public int Current { get; set; }

    /// <summary>Keeps what is needed of the input's current row.</summary>
    public abstract void Read(int slot);

    /// <summary>Computes the added columns of the first <paramref name="count"/> slots.</summary>
    public abstract void Compute(int count);

    /// <summary>A getter (<c>ValueGetter</c>) of an added column, which follows <see cref="Current"/>.</summary>
    public abstract Delegate CreateGetter(int added);

    public virtual void Dispose()
    {
    }

    /// <summary>Computes slots on all cores; the first fault is thrown as it is.</summary>
    protected static void ComputeInParallel(int count, Action<int> compute, CancellationToken cancellation = default)
    {
        try
        {
            if (count == 1) compute(0);
            else Parallel.For(0, count, new ParallelOptions { CancellationToken = cancellation }, compute);
        }
        catch (AggregateException faults)
        {
            ExceptionDispatchInfo.Throw(faults.InnerExceptions[0]);
        }
    }
}

/// <summary>Values of one column made from those of another, on all cores.</summary>
internal sealed class ConversionBlock<TIn, TOut>(
    DataViewRow input, DataViewSchema.Column source, Func<TIn, TOut> convert, Copier<TOut> copy, int capacity) : RowBlock
{
    private readonly ValueGetter<TIn> read = input.GetGetter<TIn>(source);
    private readonly TIn[] inputs = new TIn[capacity];
    private readonly TOut[] outputs = new TOut[capacity];
    private readonly long[] rows = new long[capacity];

    public static RowMapping Mapping(
        DataViewSchema inputSchema, DataViewSchema.Column source, DataViewSchema.DetachedColumn added,
        Func<TIn, TOut> convert, Copier<TOut> copy)
        // Rows enough for all cores to be busy most of the time; no more, as values may be whole books.
        => new(inputSchema, [source], [added], 8 * Environment.ProcessorCount,
            (input, capacity) => new ConversionBlock<TIn, TOut>(input, source, convert, copy, capacity));

    public override void Read(int slot)
    {
        read(ref inputs[slot]);
        rows[slot] = input.Position;
    }

    public override void Compute(int count) => ComputeInParallel(count, Convert);

    public override Delegate CreateGetter(int added) => (ValueGetter<TOut>)((ref TOut value) => copy(outputs[Current], ref value));

    private void Convert(int slot)
    {
        try
        {
            outputs[slot] = convert(inputs[slot]);
        }
        catch (ArgumentException fault)
        {
            throw new InvalidOperationException($"Column '{source.Name}', row {rows[slot]}: {fault.Message}", fault);
        }
    }
}

/// <summary>Values of a column in some rows.</summary>
internal abstract class ColumnBuffer
{
    /// <summary>Whether values of a type can be kept beyond their row.</summary>
    public static bool Supports(DataViewType type) => type is PrimitiveDataViewType or VectorDataViewType;

    /// <summary>A buffer for a column of a type that is <see cref="Supports">supported</see>.</summary>
    public static ColumnBuffer Of(DataViewRow input, DataViewSchema.Column column, int capacity)
    {
        var (name, type) = column.Type is VectorDataViewType vector
            ? (nameof(OfVectors), vector.ItemType.RawType)
            : (nameof(OfPrimitives), column.Type.RawType);
        var method = typeof(ColumnBuffer).GetMethod(name, BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(type);
        return method.CreateDelegate<Func<DataViewRow, DataViewSchema.Column, int, ColumnBuffer>>()(input, column, capacity);
    }

    public abstract void Read(int slot);

    /// <summary>A <see cref="ValueGetter{T}"/> for the value in the slot that <paramref name="current"/> gives.</summary>
    public abstract Delegate CreateGetter(Func<int> current);

    public static void Assign<T>(in T source, ref T target) => target = source;

    /// <summary>Copies a vector, reusing the target's arrays.</summary>
    public static void Copy<T>(in VBuffer<T> source, ref VBuffer<T> target) => source.CopyTo(ref target);

    private static ColumnBuffer OfPrimitives<T>(DataViewRow input, DataViewSchema.Column column, int capacity)
        => new ColumnBuffer<T>(input.GetGetter<T>(column), capacity, Assign);

    private static ColumnBuffer OfVectors<T>(DataViewRow input, DataViewSchema.Column column, int capacity)
        => new ColumnBuffer<VBuffer<T>>(input.GetGetter<VBuffer<T>>(column), capacity, Copy);
}

/// <summary>Copies a value, reusing the target's buffers.</summary>
internal delegate void Copier<T>(in T source, ref T target);

/// <inheritdoc/>
internal sealed class ColumnBuffer<T>(ValueGetter<T> source, int capacity, Copier<T> copy) : ColumnBuffer
{
    private readonly T[] values = new T[capacity];

    // The getter fills the slot's own buffers; only handing out copies, as the caller may change what it gets.
    public override void Read(int slot) => source(ref values[slot]!);

    public override Delegate CreateGetter(Func<int> current) => (ValueGetter<T>)((ref T value) => copy(values[current()], ref value));
}
