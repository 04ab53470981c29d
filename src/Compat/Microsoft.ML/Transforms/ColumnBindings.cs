namespace Microsoft.ML.Data;

/// <summary>Where each column of a transform's output comes from: an input column, or a new one.</summary>
internal sealed class ColumnBindings : IRowToRowMapper
{
    // For each output column the input's index, or the complement of the new column's.
    private readonly int[] _sources;
    private readonly ColumnMap[] _maps;

    public ColumnBindings(DataViewSchema input, ColumnMap[] maps)
    {
        InputSchema = input;
        _maps = maps;
        var columns = input.Select((column, i) => (Column: new DataViewSchema.DetachedColumn(column), Source: i)).ToList();
        for (var i = 0; i < maps.Length; i++)
        {
            // A new column stands behind the one it hides, or at the end.
            var hidden = columns.FindLastIndex(existing => existing.Column.Name == maps[i].Output.Name);
            columns.Insert(hidden < 0 ? columns.Count : hidden + 1, (maps[i].Output, ~i));
        }

        _sources = columns.Select(column => column.Source).ToArray();
        var schema = new DataViewSchema.Builder();
        schema.AddColumns(columns.Select(column => column.Column));
        OutputSchema = schema.ToSchema();
    }

    public DataViewSchema InputSchema { get; }

    public DataViewSchema OutputSchema { get; }

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns)
    {
        var needed = _sources.Zip(Rows.Active(OutputSchema, dependingColumns), (source, isActive) => (source, isActive)).Where(column => column.isActive);
        var inputs = needed.SelectMany(column => column.source >= 0 ? [column.source] : _maps[~column.source].Inputs);
        return inputs.Distinct().Order().Select(i => InputSchema[i]).ToArray();
    }

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(activeColumns);
        if (input.Schema != InputSchema) throw new InvalidOperationException("The row's schema is not the one the mapper was made for.");
        return new Row(input, MakeGetters(input, activeColumns));
    }

    public MappedGetters MakeGetters(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
    {
        var active = Rows.Active(OutputSchema, activeColumns);
        var getters = active.Select((isActive, i) => isActive && _sources[i] < 0 ? _maps[~_sources[i]].MakeGetter(input) : null).ToArray();
        return new MappedGetters(this, input, active, getters);
    }

    /// <summary>The getters of one row or cursor.</summary>
    public readonly struct MappedGetters(ColumnBindings bindings, DataViewRow input, bool[] active, Delegate[] getters)
    {
        public DataViewSchema Schema => bindings.OutputSchema;

        public bool IsActive(DataViewSchema.Column column) => active[column.Index];

        public ValueGetter<TValue> Get<TValue>(DataViewSchema.Column column)
        {
            if (!active[column.Index]) throw Rows.Inactive(column);
            var source = bindings._sources[column.Index];
            return source >= 0
                ? input.GetGetter<TValue>(input.Schema[source])
                : getters[column.Index] as ValueGetter<TValue> ?? throw Rows.WrongType<TValue>(column);
        }
    }

    private sealed class Row(DataViewRow input, MappedGetters getters) : DataViewRow
    {
        public override DataViewSchema Schema => getters.Schema;

        public override long Position => input.Position;

        public override long Batch => input.Batch;

        public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

        public override bool IsColumnActive(DataViewSchema.Column column) => getters.IsActive(column);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => getters.Get<TValue>(column);

        protected override void Dispose(bool disposing)
        {
            if (disposing) input.Dispose();
        }
    }
}
