using Microsoft.ML;

namespace Focus;

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

    /// <summary>Throws unless a column was asked for.</summary>
    public void Require(DataViewSchema.Column column)
    {
        if (!Contains(column)) throw new InvalidOperationException($"Column '{column.Name}' was not asked for when the row was made.");
    }

    /// <summary>A getter as what the caller takes it for.</summary>
    public static ValueGetter<TValue> Cast<TValue>(Delegate getter, DataViewSchema.Column column) => getter as ValueGetter<TValue>
        ?? throw new InvalidOperationException($"Column '{column.Name}' is {column.Type}; it cannot be read as {typeof(TValue)}.");
}
