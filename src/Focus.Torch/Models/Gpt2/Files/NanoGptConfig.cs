using System.Text.Json;
using System.Text.Json.Serialization;

namespace Focus;

/// <summary>A <see cref="Gpt2Config"/> under the names of nanoGPT's <c>GPTConfig</c>, so that it can be made from this as it stands.</summary>
internal sealed record NanoGptConfig
{
    /// <summary>How it is written and read.</summary>
    public static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public required int BlockSize { get; init; }

    public required int VocabSize { get; init; }

    public required int NLayer { get; init; }

    public required int NHead { get; init; }

    public required int NEmbd { get; init; }

    public double Dropout { get; init; }

    public required bool Bias { get; init; }

    public bool ScaleAttnByInverseLayerIdx { get; init; }

    /// <summary>False for a head of its own; nanoGPT, which has no such models, does not know the name.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? TiedHead { get; init; }

    public static NanoGptConfig Of(Gpt2Config config) => new()
    {
        BlockSize = config.BlockSize,
        VocabSize = config.VocabularySize,
        NLayer = config.Layers,
        NHead = config.Heads,
        NEmbd = config.Width,
        Dropout = config.Dropout,
        Bias = config.Bias,
        ScaleAttnByInverseLayerIdx = config.ScaleAttentionByInverseLayerIndex,
        TiedHead = config.TiedHead ? null : false,
    };

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="InvalidDataException">It is not one, or out of range.</exception>
    public static Gpt2Config Parse(string json)
    {
        try
        {
            var parsed = JsonSerializer.Deserialize<NanoGptConfig>(json, Json) ?? throw new JsonException("found null");
            var config = parsed.ToGpt2Config();
            config.Validate();
            return config;
        }
        catch (Exception error) when (error is JsonException or ArgumentException)
        {
            throw new InvalidDataException($"Expected a configuration with the names of nanoGPT's GPTConfig, but {error.Message}", error);
        }
    }

    private Gpt2Config ToGpt2Config() => new()
    {
        BlockSize = BlockSize,
        VocabularySize = VocabSize,
        Layers = NLayer,
        Heads = NHead,
        Width = NEmbd,
        Dropout = Dropout,
        Bias = Bias,
        ScaleAttentionByInverseLayerIndex = ScaleAttnByInverseLayerIdx,
        TiedHead = TiedHead ?? true,
    };
}
