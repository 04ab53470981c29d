using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>A trained MLP bound to a schema.</summary>
internal sealed class MlpMapping : RowMapping
{
    private readonly Mlp network;
    private readonly MlpConfiguration configuration;
    private readonly DataViewSchema.Column features;

    public MlpMapping(Mlp network, MlpConfiguration configuration, DataViewSchema inputSchema)
        : this(network, configuration, inputSchema, FindFeatures(inputSchema, configuration))
    {
    }

    private MlpMapping(Mlp network, MlpConfiguration configuration, DataViewSchema inputSchema, DataViewSchema.Column features)
        : base(inputSchema, [features], ScoreColumns.Of(configuration.Classes, configuration.LabelValues))
    {
        (this.network, this.configuration, this.features) = (network, configuration, features);
    }

    /// <summary>Fewer where rows are wide: a block's features and scores take at most 16 MiB each, or are one row.</summary>
    public override int BlockSize => Math.Clamp((1 << 22) / Math.Max(configuration.Inputs, configuration.Classes), 1, 1024);

    public override RowBlock CreateBlock(DataViewRow input, int capacity)
        => new MlpBlock(network, configuration, input.GetGetter<VBuffer<float>>(features), capacity);

    private static DataViewSchema.Column FindFeatures(DataViewSchema schema, MlpConfiguration configuration)
    {
        var features = ClassificationColumns.FindFeatures(schema, configuration.FeatureColumnName, out var width);
        return width == configuration.Inputs ? features : throw SchemaColumns.Mismatch(
            "feature", features.Name, $"a vector of {configuration.Inputs} Single, as in training", features.Type.ToString()!);
    }
}
