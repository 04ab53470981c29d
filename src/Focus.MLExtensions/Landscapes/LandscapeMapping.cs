using Microsoft.ML;

namespace Focus;

/// <summary>A scan bound to a schema.</summary>
internal sealed class LandscapeMapping : RowMapping
{
    private readonly LandscapeSimulator simulator;
    private readonly LandscapeScan.Options options;
    private readonly (CellAxis Axis, DataViewSchema.Column Column)[] cellColumns;

    public LandscapeMapping(LandscapeSimulator simulator, LandscapeScan.Options options, DataViewSchema inputSchema)
        : this(simulator, options, inputSchema, CellColumns.Find(inputSchema))
    {
    }

    private LandscapeMapping(
        LandscapeSimulator simulator, LandscapeScan.Options options, DataViewSchema inputSchema,
        (CellAxis Axis, DataViewSchema.Column Column)[] cellColumns)
        : base(inputSchema, cellColumns.Select(found => found.Column), LandscapeColumns.Of(options))
    {
        (this.simulator, this.options, this.cellColumns) = (simulator, options, cellColumns);
    }

    // Enough cells for all cores to be busy most of the time.
    public override int BlockSize => 16 * Environment.ProcessorCount;

    public override RowBlock CreateBlock(DataViewRow input, int capacity)
        => new LandscapeBlock(simulator, new CellReader(input, cellColumns, options.Cell), options.CancellationToken, capacity);
}
