using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using static TorchSharp.torch;

namespace Focus;

/// <summary>The <c>config.json</c> of a GPT-2 in Hugging Face's layout; what a file leaves out has the value it has in
/// <c>transformers</c>.</summary>
internal sealed record HuggingFaceConfig
{
    /// <summary>How it is written and read: <c>n_embd</c>, …; names of which nothing is known here are passed over.</summary>
    public static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Converters = { new PythonFloat() },
    };

    private const string Gpt2ModelType = "gpt2", TanhGelu = "gelu_new";
    private const int EndOfText = 50256;

    public string[]? Architectures { get; init; }

    public required string ModelType { get; init; }

    public int VocabSize { get; init; } = 50257;

    public int NPositions { get; init; } = 1024;

    public int NEmbd { get; init; } = 768;

    public int NLayer { get; init; } = 12;

    public int NHead { get; init; } = 12;

    public int? NInner { get; init; }

    public string ActivationFunction { get; init; } = TanhGelu;

    public double ResidPdrop { get; init; } = 0.1;

    public double EmbdPdrop { get; init; } = 0.1;

    public double AttnPdrop { get; init; } = 0.1;

    public double LayerNormEpsilon { get; init; } = Gpt2Weight.NormEpsilon;

    public double InitializerRange { get; init; } = Gpt2Weight.Deviation;

    public bool ScaleAttnWeights { get; init; } = true;

    public bool ScaleAttnByInverseLayerIdx { get; init; }

    public bool AddCrossAttention { get; init; }

    public bool TieWordEmbeddings { get; init; } = true;

    public int? BosTokenId { get; init; }

    public int? EosTokenId { get; init; }

    public string? TorchDtype { get; init; }

    /// <summary>The configuration of a model whose weights are written in a type.</summary>
    public static HuggingFaceConfig Of(Gpt2Config config, ScalarType type)
    {
        int? endOfText = config.VocabularySize > EndOfText ? EndOfText : null;
        return new HuggingFaceConfig
        {
            Architectures = ["GPT2LMHeadModel"],
            ModelType = Gpt2ModelType,
            VocabSize = config.VocabularySize,
            NPositions = config.BlockSize,
            NEmbd = config.Width,
            NLayer = config.Layers,
            NHead = config.Heads,
            ResidPdrop = config.Dropout,
            EmbdPdrop = config.Dropout,
            AttnPdrop = config.Dropout,
            ScaleAttnByInverseLayerIdx = config.ScaleAttentionByInverseLayerIndex,
            TieWordEmbeddings = config.TiedHead,
            BosTokenId = endOfText,
            EosTokenId = endOfText,
            TorchDtype = type.ToString().ToLowerInvariant(),
        };
    }

    /// <summary>The model's configuration; its biases are there, be they zero.</summary>
    /// <exception cref="InvalidDataException">It asks for what <see cref="Gpt2"/> does not do, or a size is out of range.</exception>
    public Gpt2Config ToGpt2Config()
    {
        Require(ModelType == Gpt2ModelType, "model_type", Gpt2ModelType, ModelType);
        Require(ActivationFunction is TanhGelu or "gelu_pytorch_tanh", "activation_function", TanhGelu, ActivationFunction);
        Require(LayerNormEpsilon == Gpt2Weight.NormEpsilon, "layer_norm_epsilon", Gpt2Weight.NormEpsilon, LayerNormEpsilon);
        Require(NInner is null || NInner == 4L * NEmbd, "n_inner", $"null or 4 · n_embd, {4L * NEmbd}", NInner);
        Require(ScaleAttnWeights, "scale_attn_weights", true, ScaleAttnWeights);
        Require(!AddCrossAttention, "add_cross_attention", false, AddCrossAttention);
        Require(EmbdPdrop == ResidPdrop, "embd_pdrop", $"the value of resid_pdrop, {ResidPdrop}", EmbdPdrop);
        Require(AttnPdrop == ResidPdrop, "attn_pdrop", $"the value of resid_pdrop, {ResidPdrop}", AttnPdrop);
        var config = new Gpt2Config
        {
            BlockSize = NPositions,
            VocabularySize = VocabSize,
            Layers = NLayer,
            Heads = NHead,
            Width = NEmbd,
            Dropout = ResidPdrop,
            Bias = true,
            ScaleAttentionByInverseLayerIndex = ScaleAttnByInverseLayerIdx,
            TiedHead = TieWordEmbeddings,
        };
        try
        {
            config.Validate();
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException(error.Message, error);
        }
        return config;
    }

    private static void Require(bool condition, string name, object expected, object? found)
    {
        if (!condition) throw new InvalidDataException(FormattableString.Invariant($"{name} is {found}; expected {expected}."));
    }

    /// <summary>Numbers with a decimal point or an exponent, without which Python takes them for integers, and a strict reader refuses
    /// them.</summary>
    private sealed class PythonFloat : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            var text = value.ToString(CultureInfo.InvariantCulture);
            writer.WriteRawValue(text.AsSpan().ContainsAny('.', 'E') ? text : $"{text}.0");
        }
    }
}
