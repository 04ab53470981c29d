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

    /// <summary>The name under which model files record this kind of transformer.</summary>
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
        return new MappedDataView(input, Bind(input.Schema), this);
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

    /// <summary>Adds its columns to an ONNX graph.</summary>
    /// <exception cref="InvalidOperationException">There are no ONNX operators for what it does.</exception>
    internal virtual void SaveAsOnnx(OnnxGraph graph)
        => throw new InvalidOperationException($"{GetType().Name} cannot be exported to ONNX; export the part of the chain without it.");

    private protected abstract RowMapping Bind(DataViewSchema inputSchema);
}

// Transform -> MappedDataView -> MappedCursor: reads rows ahead into a RowBlock, computes them together, returns them one by one.
// PredictionEngine -> RowMapping.GetRow -> MappedRow: a RowBlock of one row, computed when a new column is first read.

/// <summary>A transformer bound to an input schema: the columns it reads and the columns it adds, which follow those of the
/// input.</summary>
internal sealed class RowMapping : IRowToRowMapper
{
    private readonly DataViewSchema.Column[] inputs;

    public RowMapping(
        DataViewSchema inputSchema, IEnumerable<DataViewSchema.Column> inputs, IEnumerable<DataViewSchema.DetachedColumn> added,
        int blockSize, Func<DataViewRow, int, RowBlock> createBlock)
    {
        InputSchema = inputSchema;
        this.inputs = [.. inputs];
        (BlockSize, CreateBlock) = (blockSize, createBlock);
        var schema = new DataViewSchema.Builder();
        schema.AddColumns(inputSchema);
        schema.AddColumns(added);
        OutputSchema = schema.ToSchema();
    }

    public DataViewSchema InputSchema { get; }
    public DataViewSchema OutputSchema { get; }

    /// <summary>The most rows of a block.</summary>
    public int BlockSize { get; }

    /// <summary>Creates a block of a capacity that reads from a row, or from the rows on which a cursor stands.</summary>
    public Func<DataViewRow, int, RowBlock> CreateBlock { get; }

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
/// <remarks>The build makes it ML.NET's internal <c>ITransformCanSaveOnnx</c> (build/ModelLoader.cs): ML.NET's ONNX export walks from a view to its source,
/// and takes a view that it does not know for the data.</remarks>
internal sealed class MappedDataView(IDataView input, RowMapping mapping, FocusTransformer transformer) : IDataView, ICanSaveModel
{
    public IDataView Source => input;

    /// <summary>Always: of what cannot be saved, ML.NET takes a column that it replaces to be the one before.</summary>
    internal bool CanSaveOnnx(object context) => true;

    /// <exception cref="InvalidOperationException">The transformer cannot be exported.</exception>
    internal void SaveAsOnnx(object context) => transformer.SaveAsOnnx(new OnnxGraph(context, transformer.ModelKind));

    void ICanSaveModel.Save(ModelSaveContext ctx) => throw new NotSupportedException("A view cannot be saved as a model; save its transformer.");

    public bool CanShuffle => input.CanShuffle;
    public DataViewSchema Schema => mapping.OutputSchema;

    public long? GetRowCount() => input.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var active = new ActiveColumns(Schema, columnsNeeded);
        return new MappedCursor(mapping, input.GetRowCursor(mapping.GetDependencies(active.Columns), rand), active);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        var active = new ActiveColumns(Schema, columnsNeeded);
        var cursors = input.GetRowCursorSet(mapping.GetDependencies(active.Columns), n, rand);
        return [.. cursors.Select(cursor => new MappedCursor(mapping, cursor, active))];
    }
}

/// <summary>Reads rows ahead and computes the added columns of many rows at once. Values of the input's columns are buffered until their row
/// is returned.</summary>
internal sealed class MappedCursor : DataViewRowCursor
{
    private readonly RowMapping mapping;
    private readonly DataViewRowCursor input;
    private readonly ActiveColumns active;
    private readonly RowBlock block;
    private readonly Dictionary<int, ColumnBuffer> buffers = [];
    private readonly ColumnBuffer<DataViewRowId> ids;
    private readonly long[] batches;

    /// <summary>The size of the next block. Each block is twice the size of the one before, so a reader of a few rows waits for few.</summary>
    private int size = 1;

    private int count;
    private long position = -1;

    public MappedCursor(RowMapping mapping, DataViewRowCursor input, ActiveColumns active)
    {
        (this.mapping, this.input, this.active) = (mapping, input, active);
        DataViewSchema.Column[] passed = [.. mapping.PassedThrough(active.Columns)];
        var adds = active.Columns.Any(mapping.IsAdded);
        // Where nothing is computed or a column cannot be buffered, one row at a time, on which the input then stands.
        var largest = adds && passed.All(column => ColumnBuffer.Supports(column.Type)) ? mapping.BlockSize : 1;
        block = adds ? mapping.CreateBlock(input, largest) : new EmptyBlock();
        if (largest > 1) buffers = passed.ToDictionary(column => column.Index, column => ColumnBuffer.Of(input, column, largest));
        ids = new ColumnBuffer<DataViewRowId>(input.GetIdGetter(), largest, ColumnBuffer.Assign);
        batches = new long[largest];
    }

    public override DataViewSchema Schema => mapping.OutputSchema;
    public override long Position => position;
    public override long Batch => batches[block.Current];

    public override bool MoveNext()
    {
        if (++block.Current >= count) Fill();
        position = count > 0 ? position + 1 : -1;
        return count > 0;
    }

    public override bool IsColumnActive(DataViewSchema.Column column) => active.Contains(column);

    public override ValueGetter<DataViewRowId> GetIdGetter() => ids.CreateGetter(block);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        active.Require(column);
        if (mapping.IsAdded(column)) return ActiveColumns.Cast<TValue>(block.CreateGetter(mapping.AddedIndex(column)), column);
        return buffers.TryGetValue(column.Index, out var buffer)
            ? ActiveColumns.Cast<TValue>(buffer.CreateGetter(block), column)
            : input.GetGetter<TValue>(mapping.InputSchema[column.Index]);
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
        block.Current = count = 0;
        var read = 0;
        for (; read < size && input.MoveNext(); read++)
        {
            block.Read(read);
            ids.Read(read);
            batches[read] = input.Batch;
            foreach (var buffer in buffers.Values) buffer.Read(read);
        }
        if (read > 0) block.Compute(read);
        count = read; // Only now: after an error, rows that were not computed are not handed out.
        size = Math.Min(2 * size, batches.Length);
    }
}

/// <summary>A row with the columns a mapping adds, computed when one of them is first asked for.</summary>
internal sealed class MappedRow : DataViewRow
{
    private readonly RowMapping mapping;
    private readonly DataViewRow input;
    private readonly ActiveColumns active;
    private readonly RowBlock block;
    private long computed = -1;

    public MappedRow(RowMapping mapping, DataViewRow input, ActiveColumns active)
    {
        (this.mapping, this.input, this.active) = (mapping, input, active);
        block = active.Columns.Any(mapping.IsAdded) ? mapping.CreateBlock(input, 1) : new EmptyBlock();
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
        var getter = ActiveColumns.Cast<TValue>(block.CreateGetter(mapping.AddedIndex(column)), column);
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
            block.Dispose();
            input.Dispose();
        }
        base.Dispose(disposing);
    }

    private void Compute()
    {
        if (computed == input.Position) return;
        block.Read(0);
        block.Compute(1);
        computed = input.Position;
    }
}

/// <summary>The columns of a schema that were asked for.</summary>
internal sealed class ActiveColumns
{
    private readonly bool[] active;

    public ActiveColumns(DataViewSchema schema, IEnumerable<DataViewSchema.Column> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        Schema = schema;
        active = new bool[schema.Count];
        foreach (var column in columns) active[column.Index] = true;
    }

    public DataViewSchema Schema { get; }
    public IEnumerable<DataViewSchema.Column> Columns => Schema.Where(Contains);

    public bool Contains(DataViewSchema.Column column) => column.Index < active.Length && active[column.Index];

    public void Require(DataViewSchema.Column column)
    {
        if (!Contains(column)) throw new InvalidOperationException(
            $"Column '{column.Name}' is not active: it was not among the columns requested from GetRowCursor or GetRow. Request it there.");
    }

    /// <summary>A getter as what the caller takes it for.</summary>
    public static ValueGetter<TValue> Cast<TValue>(Delegate getter, DataViewSchema.Column column) => getter as ValueGetter<TValue>
        ?? throw new InvalidOperationException(
            $"Column '{column.Name}' is {column.Type}: expected a getter of {column.Type.RawType}, found one of {typeof(TValue)}.");
}
