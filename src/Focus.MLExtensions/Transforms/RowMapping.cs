using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>A transformer bound to an input schema: the columns it reads and the columns it adds, which follow those of the
/// input.</summary>
internal abstract class RowMapping : IRowToRowMapper
{
    private readonly DataViewSchema.Column[] inputs;

    protected RowMapping(
        DataViewSchema inputSchema, IEnumerable<DataViewSchema.Column> inputs, IEnumerable<DataViewSchema.DetachedColumn> added)
    {
        InputSchema = inputSchema;
        this.inputs = [.. inputs];
        var schema = new DataViewSchema.Builder();
        schema.AddColumns(inputSchema);
        schema.AddColumns(added);
        OutputSchema = schema.ToSchema();
    }

    public DataViewSchema InputSchema { get; }

    public DataViewSchema OutputSchema { get; }

    /// <summary>How many rows are best computed together.</summary>
    public virtual int BlockSize => 1;

    /// <summary>Makes room for rows of the input, and computes the added columns for them.</summary>
    public abstract RowBlock CreateBlock(DataViewRow input, int capacity);

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
