using Microsoft.ML;

namespace Focus;

/// <summary>A trained GPT-2 that adds the columns <c>Loss</c>, <c>Perplexity</c> and, on request, <c>Continuation</c>.</summary>
/// <remarks>
/// <para>
/// <c>Loss</c> is the mean cross-entropy of a row's tokens after the first, each predicted from those before it, in nats; <c>Perplexity</c> is
/// exp(loss). Both are NaN for rows of fewer than two tokens. Rows longer than the model's block are scored in windows of a block each: a token is
/// predicted from those before it in its window.
/// </para>
/// <para>
/// <c>Continuation</c> holds the tokens the model goes on with after a row's (without those), at most as many as
/// <see cref="Gpt2Pretrainer.Options.GenerateTokens"/>; <c>DetokenizeGpt2</c> or <c>DetokenizeCharacters</c> makes text of them. The
/// continuation of an empty row is that of the separator, and empty where there is none. Equal rows have equal continuations.
/// </para>
/// <para>
/// Rows are scored some at a time as cursors move, and only for the columns asked for. The network stays on the device it was trained on;
/// loaded ones are on the CPU.
/// </para>
/// </remarks>
public sealed class Gpt2Transformer : FocusTransformer
{
    internal const string Kind = "Gpt2";

    private const string ConfigurationEntry = "configuration.json", WeightsEntry = "weights.safetensors";

    private readonly Gpt2Scoring scoring;

    internal Gpt2Transformer(Gpt2 network, Gpt2Scoring scoring)
    {
        network.eval();
        (Network, this.scoring) = (network, scoring);
    }

    /// <summary>The network, in evaluation mode: from batch × time tokens to logits, batch × time × vocabulary.</summary>
    public Gpt2 Network { get; }

    internal override string ModelKind => Kind;

    internal override void Save(ModelArchive archive)
    {
        archive.WriteJson(ConfigurationEntry, new Configuration(Network.Config, scoring));
        archive.WriteTensors(WeightsEntry, Network.state_dict());
    }

    internal static Gpt2Transformer Load(ModelArchive archive)
    {
        var configuration = archive.ReadJson<Configuration>(ConfigurationEntry);
        configuration.Validate();
        RequireWeights(archive.Length(WeightsEntry), configuration.Model);
        var network = new Gpt2(configuration.Model);
        try
        {
            archive.ReadTensors(WeightsEntry, network.state_dict());
        }
        catch
        {
            network.Dispose();
            throw;
        }
        return new Gpt2Transformer(network, configuration.Scoring);
    }

    private protected override RowMapping Bind(DataViewSchema inputSchema) => new Gpt2Mapping(Network, scoring, inputSchema);

    /// <summary>Finds a configuration that is not the weights' before memory is taken for what it describes.</summary>
    private static void RequireWeights(long found, Gpt2Config model)
    {
        var expected = (Int128)model.ParameterCount * sizeof(float);
        if (found < expected)
            throw new InvalidDataException(
                $"Entry '{WeightsEntry}' of the model file has {found} bytes, fewer than the {expected} that the " +
                "configuration's weights take.");
    }

    private sealed record Configuration(Gpt2Config Model, Gpt2Scoring Scoring)
    {
        /// <exception cref="InvalidDataException">It describes no model.</exception>
        public void Validate()
        {
            try
            {
                Model.Validate();
                Scoring.Validate(Model);
            }
            catch (ArgumentException error)
            {
                throw new InvalidDataException($"The model's configuration is invalid: {error.Message}", error);
            }
        }
    }
}
