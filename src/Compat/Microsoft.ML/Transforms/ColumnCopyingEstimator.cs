using Microsoft.ML.Data;

namespace Microsoft.ML.Transforms;

/// <summary>Copies a column under another name.</summary>
public sealed class ColumnCopyingEstimator : TrivialEstimator<ColumnCopyingTransformer>
{
    private readonly ColumnPair _pair;

    internal ColumnCopyingEstimator(ColumnPair pair) : base(new ColumnCopyingTransformer([pair]))
    {
        _pair = pair;
    }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return inputSchema.With([inputSchema.Input(_pair.Input).Renamed(_pair.Output)]);
    }
}
