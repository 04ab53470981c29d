using Microsoft.ML;

namespace Focus;

/// <summary>Simulates optimizers on a toy landscape of arXiv:2501.12243 for each row of a view, which holds a cell of a phase
/// diagram.</summary>
/// <remarks>
/// <para>
/// Input: any of the columns <c>Sharpness</c>, <c>Noise</c>, <c>WeightDecay</c> and <c>Slope</c>, at least one, each Double or Single and
/// at least 0; what is missing comes from the options. Output, in Double, for each optimizer, here Adam: <c>AdamLoss</c>, the lowest, over
/// learning rates, of the mean final loss over replicates; <c>AdamLearningRate</c>, where it was reached; <c>AdamStandardError</c> of that
/// mean (all NaN where no mean is finite; the error also with a single replicate). Then <c>Winner</c>, the optimizer with the lowest loss:
/// a key whose values are the optimizers' names, missing where no loss is finite. On request <c>RawLosses</c>, what was kept of each run: a
/// vector of Double with the dimensions optimizer, learning rate, replicate and, with <see cref="RunRecording.Extremes"/>, metric.
/// </para>
/// <para>
/// A cell's random numbers derive from the seed and the cell's own values: its result is the same alone, in any grid, in any order, and
/// with any number of cursors. Single values are widened to Double, so that 0.1f is another cell than 0.1. Rows are simulated as cursors
/// move, some of them ahead, on all cores, and only where one of the new columns was asked for.
/// </para>
/// </remarks>
public sealed partial class LandscapeScan : IEstimator<LandscapeTransformer>
{
    private readonly Options options;

    internal LandscapeScan(Options options)
    {
        options.Validate();
        this.options = options;
    }

    /// <summary>Checks the columns; there is nothing to learn.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no column of cells, or one is of the wrong type.</exception>
    public LandscapeTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        CellColumns.Find(input.Schema);
        return new LandscapeTransformer(options);
    }

    /// <summary>The columns of the output: those of the input, then those of each optimizer, <c>Winner</c> and, on request,
    /// <c>RawLosses</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no column of cells, or one is of the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        CellColumns.Check(inputSchema);
        return SchemaColumns.Append(inputSchema, LandscapeColumns.Of(options));
    }
}
