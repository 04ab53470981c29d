using Microsoft.ML;

namespace Focus;

/// <summary>A trained multi-layer perceptron that adds the columns <c>Score</c> and <c>PredictedLabel</c>.</summary>
/// <remarks>
/// Rows are scored in blocks as cursors move, single rows in prediction engines. The network stays on the device it was trained on; loaded
/// ones are on the CPU.
/// </remarks>
public sealed class MlpTransformer : FocusTransformer
{
    internal const string Kind = "Mlp";

    private const string ConfigurationEntry = "configuration.json", WeightsEntry = "weights.safetensors";

    private readonly MlpConfiguration configuration;

    internal MlpTransformer(Mlp network, MlpConfiguration configuration)
    {
        network.eval();
        (Network, this.configuration) = (network, configuration);
    }

    /// <summary>The network, in evaluation mode: from rows × features to logits, rows × classes.</summary>
    public Mlp Network { get; }

    internal override string ModelKind => Kind;

    internal override void Save(ModelArchive archive)
    {
        archive.WriteJson(ConfigurationEntry, configuration);
        archive.WriteTensors(WeightsEntry, Network.state_dict());
    }

    internal static MlpTransformer Load(ModelArchive archive)
    {
        var configuration = archive.ReadJson<MlpConfiguration>(ConfigurationEntry);
        configuration.Validate();
        var network = new Mlp(configuration.Inputs, configuration.HiddenWidths, configuration.Classes, configuration.BatchNormalization);
        archive.ReadTensors(WeightsEntry, network.state_dict());
        return new MlpTransformer(network, configuration);
    }

    private protected override RowMapping Bind(DataViewSchema inputSchema) => new MlpMapping(Network, configuration, inputSchema);
}
