using Microsoft.ML;

namespace Focus;

/// <summary>Adds the columns of <see cref="LandscapeScan"/> to each row.</summary>
public sealed class LandscapeTransformer : FocusTransformer
{
    internal const string Kind = "Landscape";

    private const string ConfigurationEntry = "configuration.json";

    private readonly LandscapeScan.Options options;
    private readonly LandscapeSimulator simulator;

    internal LandscapeTransformer(LandscapeScan.Options options) => (this.options, simulator) = (options, new LandscapeSimulator(options));

    internal override string ModelKind => Kind;

    internal override void Save(ModelArchive archive) => archive.WriteJson(ConfigurationEntry, LandscapeConfiguration.Of(options));

    internal static LandscapeTransformer Load(ModelArchive archive) => new(archive.ReadJson<LandscapeConfiguration>(ConfigurationEntry).ToOptions());

    private protected override RowMapping Bind(DataViewSchema inputSchema) => new LandscapeMapping(simulator, options, inputSchema);
}
