namespace Microsoft.ML.Data;

/// <summary>The mappers of a chain's links as one.</summary>
internal sealed class ChainedRowToRowMapper : IRowToRowMapper
{
    private readonly IRowToRowMapper[] _mappers;

    public ChainedRowToRowMapper(DataViewSchema inputSchema, IEnumerable<ITransformer> transformers)
    {
        InputSchema = OutputSchema = inputSchema;
        var mappers = new List<IRowToRowMapper>();
        foreach (var transformer in transformers)
        {
            mappers.Add(transformer.GetRowToRowMapper(OutputSchema));
            OutputSchema = mappers[^1].OutputSchema;
        }

        _mappers = [.. mappers];
    }

    public DataViewSchema InputSchema { get; }

    public DataViewSchema OutputSchema { get; }

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns) =>
        Enumerable.Reverse(_mappers).Aggregate(dependingColumns, (columns, mapper) => mapper.GetDependencies(columns));

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(activeColumns);
        Require.Argument(input.Schema == InputSchema, nameof(input), "The row's schema is not the one the mapper was made for.");

        // Each mapper computes what the next one needs.
        var needed = new IEnumerable<DataViewSchema.Column>[_mappers.Length + 1];
        needed[^1] = activeColumns;
        for (var i = _mappers.Length - 1; i >= 0; i--) needed[i] = _mappers[i].GetDependencies(needed[i + 1]).ToArray();

        for (var i = 0; i < _mappers.Length; i++) input = _mappers[i].GetRow(input, needed[i + 1]);
        return input;
    }
}
