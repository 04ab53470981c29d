using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using static System.FormattableString;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Saves and loads a <see cref="Gpt2"/> in Hugging Face's layout: a folder with <c>config.json</c> and <c>model.safetensors</c>,
/// which <c>GPT2LMHeadModel.from_pretrained</c> of <c>transformers</c> loads.</summary>
/// <remarks>
/// <para>Weights of linear layers are stored inputs × outputs, and there are always biases: zeros for a model without. A tokenizer is not
/// written.</para>
/// <para>Where attention is scaled by the inverse layer index, releases of <c>transformers</c> that heed this only in their own attention
/// (its issue 44380) must be told <c>from_pretrained(…, attn_implementation="eager")</c>.</para>
/// </remarks>
public static class HuggingFaceGpt2
{
    private const string ConfigFile = "config.json", WeightsFile = "model.safetensors", IndexFile = "model.safetensors.index.json";

    /// <summary>Writes a model to a folder, which is created where it is missing.</summary>
    /// <remarks>Each file appears or is replaced as a whole, the configuration last; a folder that a crash left half-written has
    /// none.</remarks>
    /// <param name="model">The model, on any device.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="type">What the parameters are written in: float32, float16 or bfloat16.</param>
    /// <exception cref="ArgumentException">A parameter is beyond the range of the type, or the type is another.</exception>
    /// <exception cref="IOException">The folder or a file cannot be written.</exception>
    public static void Save(Gpt2 model, string folder, ScalarType type = ScalarType.Float32)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Gpt2Files.RequireType(type);
        var config = Path.Combine(folder, ConfigFile);
        AtomicFile.Write(Path.Combine(folder, WeightsFile), stream =>
        {
            using var scope = NewDisposeScope();
            Safetensors.Save(stream, Tensors(model), new Dictionary<string, string> { ["format"] = "pt" }, type);
            stream.Flush();
            File.Delete(config); // Another model's, perhaps; up to here the folder is as it was.
        });
        AtomicFile.Write(config, stream => JsonSerializer.Serialize(stream, HuggingFaceConfig.Of(model.Config, type), HuggingFaceConfig.Json));
    }

    /// <summary>Reads a model from a folder: the weights from <c>model.safetensors</c>, or from the files that
    /// <c>model.safetensors.index.json</c> lists.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="config">The model's configuration, which then need not be there; null for that in <c>config.json</c>.</param>
    /// <returns>A model with biases, in float32 on the CPU, in training mode like a new one.</returns>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, the configuration asks for what <see cref="Gpt2"/> does not do, or the
    /// tensors are not those of the configuration.</exception>
    /// <exception cref="ArgumentException">A setting of <paramref name="config"/> is out of its range.</exception>
    public static Gpt2 Load(string folder, Gpt2Config? config = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        config?.Validate();
        return ReadWeights(folder, config ?? ReadConfig(folder));
    }

    private static IEnumerable<KeyValuePair<string, Tensor>> Tensors(Gpt2 model)
    {
        using var _ = no_grad();
        using var biased = Gpt2.Blueprint(model.Config with { Bias = true });
        var own = model.state_dict();
        return [.. biased.state_dict().Select(item => KeyValuePair.Create(item.Key,
            !own.TryGetValue(item.Key, out var tensor) ? zeros(item.Value.shape)
                : Gpt2Reader.IsLinearWeight(item.Key) ? tensor.t() : tensor))];
    }

    private static Gpt2Config ReadConfig(string folder)
    {
        var path = Require(folder, ConfigFile, $"the folder is incomplete, or holds no model of Hugging Face; or give {nameof(Load)} the configuration");
        try
        {
            using var stream = File.OpenRead(path);
            var config = JsonSerializer.Deserialize<HuggingFaceConfig>(stream, HuggingFaceConfig.Json) ?? throw new JsonException("found null.");
            return config.ToGpt2Config();
        }
        catch (Exception error) when (error is JsonException or InvalidDataException)
        {
            throw new InvalidDataException($"'{path}': expected the configuration of a GPT-2, but {error.Message}", error);
        }
    }

    private static Gpt2 ReadWeights(string folder, Gpt2Config config)
    {
        var streams = new List<FileStream>();
        try
        {
            foreach (var path in WeightFiles(folder)) streams.Add(File.OpenRead(path));
            return Gpt2Reader.Read(config, [.. streams.Select(OpenReader)], transposed: true);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"'{folder}': {error.Message}", error);
        }
        finally
        {
            streams.ForEach(stream => stream.Dispose());
        }
    }

    private static SafetensorsReader OpenReader(FileStream stream)
    {
        try
        {
            return new SafetensorsReader(stream);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"{Path.GetFileName(stream.Name)}: {error.Message}", error);
        }
    }

    private static IEnumerable<string> WeightFiles(string folder)
    {
        var whole = Path.Combine(folder, WeightsFile);
        var index = Path.Combine(folder, IndexFile);
        if (File.Exists(whole) || !File.Exists(index))
            return [Require(folder, WeightsFile, "save the model as safetensors (transformers: safe_serialization=True)")];
        return [.. ReadIndex(index).Select(name => Require(folder, name, $"{IndexFile} lists it"))];
    }

    private static IEnumerable<string> ReadIndex(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            var names = document.RootElement.GetProperty("weight_map").EnumerateObject().Select(entry => entry.Value.GetString() ?? "").Distinct().ToArray();
            return names.All(name => name.Length > 0 && Path.GetFileName(name) == name)
                ? names
                : throw new FormatException("it lists what is not the name of a file.");
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"{IndexFile}: expected names of files under weight_map, but {error.Message}", error);
        }
    }

    private static string Require(string folder, string name, string remark)
    {
        var path = Path.Combine(folder, name);
        return File.Exists(path) ? path : throw new FileNotFoundException($"'{folder}': expected {name}, found none; {remark}.", path);
    }
}

/// <summary>The <c>config.json</c> of a GPT-2 in Hugging Face's layout; what a file leaves out has the value it has in
/// <c>transformers</c>.</summary>
internal sealed record HuggingFaceConfig
{
    /// <summary>How it is written and read: <c>n_embd</c>, …; names of which nothing is known here are passed over.</summary>
    public static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        AllowTrailingCommas = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
        Converters = { new PythonFloat() },
    };

    private const string Gpt2ModelType = "gpt2", TanhGelu = "gelu_new";
    private const int EndOfText = 50256;

    public string ModelType { get; init; } = Gpt2ModelType;
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
    public double LayerNormEpsilon { get; init; } = Gpt2Initializer.NormEpsilon;
    public bool ScaleAttnWeights { get; init; } = true;
    public bool ScaleAttnByInverseLayerIdx { get; init; }
    public bool AddCrossAttention { get; init; }
    public bool TieWordEmbeddings { get; init; } = true;

    // Written for others; nothing depends on them here, whatever a file has there.
    public object? Architectures { get; init; }
    public object? InitializerRange { get; init; } = Gpt2Initializer.Deviation;
    public object? BosTokenId { get; init; }
    public object? EosTokenId { get; init; }
    public object? TorchDtype { get; init; }

    /// <summary>The configuration of a model whose weights are written in a type.</summary>
    public static HuggingFaceConfig Of(Gpt2Config config, ScalarType type)
    {
        int? endOfText = config.VocabularySize > EndOfText ? EndOfText : null;
        return new HuggingFaceConfig
        {
            Architectures = new[] { "GPT2LMHeadModel" },
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

    /// <summary>The model's configuration. It always has biases, which may be zero.</summary>
    public Gpt2Config ToGpt2Config()
    {
        Require(ModelType == Gpt2ModelType, "model_type", Gpt2ModelType, ModelType);
        Require(ActivationFunction is TanhGelu or "gelu_pytorch_tanh" or "gelu_fast", "activation_function", TanhGelu, ActivationFunction);
        Require(LayerNormEpsilon == Gpt2Initializer.NormEpsilon, "layer_norm_epsilon", Gpt2Initializer.NormEpsilon, LayerNormEpsilon);
        Require(NInner is null || NInner == 4L * NEmbd, "n_inner", $"null or 4 · n_embd, {4L * NEmbd}", NInner);
        Require(ScaleAttnWeights, "scale_attn_weights", true, ScaleAttnWeights);
        Require(!AddCrossAttention, "add_cross_attention", false, AddCrossAttention);
        Require(EmbdPdrop == ResidPdrop, "embd_pdrop", OneDropout, EmbdPdrop);
        Require(AttnPdrop == ResidPdrop, "attn_pdrop", OneDropout, AttnPdrop);
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
        Check.Stored("a size is invalid", config.Validate);
        return config;
    }

    private string OneDropout => Invariant($"the value of resid_pdrop, {ResidPdrop}, or a configuration given to {nameof(HuggingFaceGpt2.Load)}");

    private static void Require(bool condition, string name, object expected, object? found)
    {
        if (!condition) throw new InvalidDataException(Invariant($"{name} is {found}; expected {expected}."));
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
