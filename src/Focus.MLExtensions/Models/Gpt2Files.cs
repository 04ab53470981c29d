using System.Text.Json;
using System.Text.Json.Serialization;
using TorchSharp;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Saves and loads a <see cref="Gpt2"/> as one safetensors file: nanoGPT's parameter names, and the configuration as JSON, with
/// the names of nanoGPT's <c>GPTConfig</c>, in the metadata under <c>config</c>.</summary>
public static class Gpt2Files
{
    private const string ConfigKey = "config";

    /// <summary>Writes a model to a file, which appears or is replaced as a whole.</summary>
    /// <inheritdoc cref="Save(Gpt2, Stream, ScalarType)"/>
    public static void Save(Gpt2 model, string path, ScalarType type = ScalarType.Float32)
        => AtomicFile.Write(path, stream => Save(model, stream, type));

    /// <summary>Writes a model to a stream.</summary>
    /// <param name="model">The model, on any device.</param>
    /// <param name="stream">A writable stream.</param>
    /// <param name="type">What the parameters are written in: float32, float16 or bfloat16.</param>
    /// <exception cref="ArgumentException">A parameter is beyond the range of the type, or the type is another.</exception>
    public static void Save(Gpt2 model, Stream stream, ScalarType type = ScalarType.Float32)
    {
        ArgumentNullException.ThrowIfNull(model);
        RequireType(type);
        var config = JsonSerializer.Serialize(NanoGptConfig.Of(model.Config), NanoGptConfig.Json);
        Safetensors.Save(stream, model.state_dict(), new Dictionary<string, string> { ["format"] = "pt", [ConfigKey] = config }, type);
    }

    /// <summary>Reads a model from a file.</summary>
    /// <inheritdoc cref="Load(Stream)"/>
    public static Gpt2 Load(string path) => Safetensors.ReadFile(path, Load);

    /// <summary>Reads a model from a stream, to its end.</summary>
    /// <param name="stream">A stream that <see cref="Save(Gpt2, Stream, ScalarType)"/> wrote, or one with the same names and metadata.</param>
    /// <returns>A model in float32 on the CPU, in training mode like a new one.</returns>
    /// <exception cref="InvalidDataException">The stream is cut short, not in the format, or its tensors are not those of its
    /// configuration.</exception>
    public static Gpt2 Load(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var reader = new SafetensorsReader(stream);
        if (!reader.Header.Metadata.TryGetValue(ConfigKey, out var json))
            throw new InvalidDataException(
                $"Expected the model's configuration in the metadata under '{ConfigKey}', found none; folders of Hugging Face are read by {nameof(HuggingFaceGpt2)}.");
        return Gpt2Weights.Read(NanoGptConfig.Parse(json), [reader], transposed: false);
    }

    /// <summary>Refuses types that models are not saved in.</summary>
    internal static void RequireType(ScalarType type)
    {
        if (type is not (ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16))
            throw new ArgumentException($"The type is {type}; expected Float32, Float16 or BFloat16.", nameof(type));
    }
}

/// <summary>Makes a <see cref="Gpt2"/> of the tensors in safetensors files.</summary>
internal static class Gpt2Weights
{
    /// <summary>Reads a model's tensors one after the other, from one file or several, into float32.</summary>
    /// <param name="config">The model's configuration.</param>
    /// <param name="files">The files, their headers read.</param>
    /// <param name="transposed">Whether the weights of linear layers are stored inputs × outputs.</param>
    /// <exception cref="InvalidDataException">The tensors are not those of the configuration; no memory has been taken for the model.</exception>
    public static Gpt2 Read(Gpt2Config config, IReadOnlyCollection<SafetensorsReader> files, bool transposed)
    {
        RequireFitting([.. files.SelectMany(file => file.Header.Entries)], config, transposed);
        var model = new Gpt2(config);
        try
        {
            using var _ = no_grad();
            Copy(files, model, transposed);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static void RequireFitting(IReadOnlyCollection<SafetensorsEntry> entries, Gpt2Config config, bool transposed)
    {
        Gpt2Layout.RequireLayers(config, entries.Count);
        var missing = Gpt2Layout.Shapes(config);
        var found = new HashSet<string>();
        var expected = Gpt2Layout.Shapes(config with { TiedHead = false });
        foreach (var entry in entries)
        {
            if (Gpt2Layout.OwnName(entry.Name) is not { } name) continue;
            if (!expected.TryGetValue(name, out var shape))
                throw new InvalidDataException($"Tensor '{entry.Name}' is none of a GPT-2 of {config.Layers} layers{(config.Bias ? "" : " without biases")}.");
            if (!found.Add(name)) throw new InvalidDataException($"Tensor '{entry.Name}' stands twice.");
            RequireShape(entry, transposed && Gpt2Layout.IsLinearWeight(name) ? [shape[1], shape[0]] : shape);
            missing.Remove(name);
        }
        if (missing.Count > 0)
            throw new InvalidDataException($"Expected tensor '{missing.Keys.First()}', found none of this name: {missing.Count} of {missing.Count + found.Count} are missing.");
    }

    private static void RequireShape(SafetensorsEntry entry, long[] expected)
    {
        if (!entry.Type.IsFloatingPoint)
            throw new InvalidDataException($"Tensor '{entry.Name}' is of type {entry.Type.Name}; expected a floating-point type.");
        if (!entry.Shape.AsSpan().SequenceEqual(expected))
            throw new InvalidDataException(
                $"Tensor '{entry.Name}' has the shape [{string.Join(", ", entry.Shape)}]; expected [{string.Join(", ", expected)}], as the configuration says.");
    }

    private static void Copy(IEnumerable<SafetensorsReader> files, Gpt2 model, bool transposed)
    {
        using var scope = NewDisposeScope();
        var own = model.state_dict();
        Tensor? tiedHead = null;
        foreach (var (fileName, tensor) in files.SelectMany(file => file.ReadTensors()))
        {
            var name = Gpt2Layout.OwnName(fileName);
            if (name == Gpt2Layout.Head && model.Config.TiedHead)
            {
                tiedHead = tensor;
                continue;
            }
            using var _ = tensor;
            if (name is not null) own[name].copy_(transposed && Gpt2Layout.IsLinearWeight(name) ? tensor.t() : tensor);
        }
        if (tiedHead is not null && !tiedHead.to(ScalarType.Float32).eq(own[Gpt2Layout.TokenEmbedding]).all().ToBoolean())
            throw new InvalidDataException(
                $"'{Gpt2Layout.Head}' differs from '{Gpt2Layout.TokenEmbedding}', though the configuration ties them; where they are meant to differ, say so there.");
    }
}

/// <summary>The tensors of a <see cref="Gpt2"/> as files name them.</summary>
internal static class Gpt2Layout
{
    /// <summary>The head's weights, which a model with a tied head need not have.</summary>
    public const string Head = "lm_head.weight";

    /// <summary>The token embedding, which a tied head equals.</summary>
    public const string TokenEmbedding = $"{Prefix}wte.weight";

    private const string Prefix = "transformer.";

    /// <summary>Finds a configuration of more layers than there are tensors before memory is taken for the names of theirs.</summary>
    /// <exception cref="InvalidDataException">It is one.</exception>
    public static void RequireLayers(Gpt2Config config, int tensors)
    {
        if (tensors < config.Layers)
            throw new InvalidDataException($"Expected the tensors of {config.Layers} layers, found {tensors} tensors.");
    }

    /// <summary>The names and shapes of a model's state, in nanoGPT's naming.</summary>
    public static Dictionary<string, long[]> Shapes(Gpt2Config config)
    {
        long width = config.Width;
        var shapes = new Dictionary<string, long[]> { [TokenEmbedding] = [config.VocabularySize, width], [$"{Prefix}wpe.weight"] = [config.BlockSize, width] };
        for (var layer = 0; layer < config.Layers; layer++)
        {
            var block = $"{Prefix}h.{layer}.";
            Add($"{block}ln_1", [width]);
            Add($"{block}attn.c_attn", [3 * width, width]);
            Add($"{block}attn.c_proj", [width, width]);
            Add($"{block}ln_2", [width]);
            Add($"{block}mlp.c_fc", [4 * width, width]);
            Add($"{block}mlp.c_proj", [width, 4 * width]);
        }
        Add($"{Prefix}ln_f", [width]);
        if (!config.TiedHead) shapes[Head] = [config.VocabularySize, width];
        return shapes;

        void Add(string layer, long[] weight)
        {
            shapes[$"{layer}.weight"] = weight;
            if (config.Bias) shapes[$"{layer}.bias"] = [weight[0]];
        }
    }

    /// <summary>The model's name of a tensor in a file, or null for what is no parameter: the causal masks that older models kept as
    /// buffers. Files saved from the model without its head lack the prefix.</summary>
    public static string? OwnName(string fileName)
        => fileName.EndsWith(".attn.bias", StringComparison.Ordinal) || fileName.EndsWith(".attn.masked_bias", StringComparison.Ordinal) ? null
            : fileName == Head || fileName.StartsWith(Prefix, StringComparison.Ordinal) ? fileName
            : Prefix + fileName;

    /// <summary>Whether a tensor is the weight of one of a block's linear layers.</summary>
    public static bool IsLinearWeight(string name)
        => name.EndsWith(".c_attn.weight", StringComparison.Ordinal)
            || name.EndsWith(".c_proj.weight", StringComparison.Ordinal)
            || name.EndsWith(".c_fc.weight", StringComparison.Ordinal);
}

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
