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
    /// <exception cref="IOException">The file cannot be written; what was there before is still there.</exception>
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
    /// <inheritdoc cref="Load(Stream, Gpt2Config)"/>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static Gpt2 Load(string path, Gpt2Config? config = null) => AtomicFile.Read(path, stream => Load(stream, config));

    /// <summary>Reads a model from a stream, to its end.</summary>
    /// <param name="stream">A stream that <see cref="Save(Gpt2, Stream, ScalarType)"/> wrote, or one with the same names, with or without the
    /// prefixes <c>_orig_mod.</c> of compiled and <c>module.</c> of distributed models.</param>
    /// <param name="config">The model's configuration; null for that in the metadata.</param>
    /// <returns>A model in float32 on the CPU, in training mode like a new one.</returns>
    /// <exception cref="InvalidDataException">The stream is cut short, not in the format, or its tensors are not those of the
    /// configuration.</exception>
    /// <exception cref="ArgumentException">A setting of <paramref name="config"/> is out of its range.</exception>
    public static Gpt2 Load(Stream stream, Gpt2Config? config = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var reader = new SafetensorsReader(stream);
        config?.Validate();
        return Gpt2Reader.Read(config ?? NanoGptConfig.Parse(reader.Header.Metadata.GetValueOrDefault(ConfigKey) ?? throw LacksConfig()), [reader]);
    }

    private static InvalidDataException LacksConfig() => new(
        $"Expected the model's configuration in the metadata under '{ConfigKey}', found none: give it to {nameof(Load)}. " +
        $"Folders of Hugging Face are read by {nameof(HuggingFaceGpt2)}.");

    /// <summary>Refuses types that models are not saved in.</summary>
    internal static void RequireType(ScalarType type)
    {
        if (type is not (ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16))
            throw new ArgumentException($"The type is {type}; expected Float32, Float16 or BFloat16.", nameof(type));
    }
}

/// <summary>Makes a <see cref="Gpt2"/> of the tensors in safetensors files, under nanoGPT's names.</summary>
internal static class Gpt2Reader
{
    private const string Prefix = "transformer.", TokenEmbedding = $"{Prefix}wte.weight", Head = "lm_head.weight";

    /// <summary>What PyTorch's compiled and distributed modules put before the names of the parameters they wrap.</summary>
    private static readonly string[] Wrappers = ["_orig_mod.", "module."];

    /// <summary>Reads a model's tensors one after the other, from one file or several, into float32.</summary>
    /// <param name="config">The model's configuration.</param>
    /// <param name="files">The files, their headers read.</param>
    /// <param name="transposed">Whether the weights of linear layers are stored inputs × outputs.</param>
    public static Gpt2 Read(Gpt2Config config, IReadOnlyCollection<SafetensorsReader> files, bool transposed = false)
    {
        SafetensorsEntry[] entries = [.. files.SelectMany(file => file.Header.Entries).Where(IsParameter)];
        try
        {
            RequireFitting(config, entries, transposed);
        }
        catch (InvalidDataException error) when (Array.Find(entries, entry => Unwrapped(entry.Name) != entry.Name) is { } wrapped)
        {
            throw new InvalidDataException($"{error.Message} In the file names have prefixes: '{wrapped.Name}'.", error);
        }
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

    /// <summary>Whether a tensor is the weight of one of a block's linear layers.</summary>
    public static bool IsLinearWeight(string name)
        => name.EndsWith(".c_attn.weight", StringComparison.Ordinal)
            || name.EndsWith(".c_proj.weight", StringComparison.Ordinal)
            || name.EndsWith(".c_fc.weight", StringComparison.Ordinal);

    private static void RequireFitting(Gpt2Config config, IReadOnlyCollection<SafetensorsEntry> entries, bool transposed)
    {
        if (entries.Count < config.Layers) // Before memory is taken for that many names.
            throw new InvalidDataException($"Expected the tensors of {config.Layers} layers, found {entries.Count} tensors.");
        using var scope = NewDisposeScope();
        using var blueprint = Gpt2.Blueprint(config);
        var expected = blueprint.state_dict();
        if (transposed) foreach (var name in expected.Keys.Where(IsLinearWeight).ToArray()) expected[name] = expected[name].t();
        var names = entries.Select(OwnName).ToHashSet();
        if (names.Contains(Head)) expected.TryAdd(Head, expected[TokenEmbedding]);
        if (names.Contains(Head) && config.TiedHead && !names.Contains(TokenEmbedding)) expected.Remove(TokenEmbedding); // One of the two suffices.
        SafetensorsEntry.RequireSame(entries.Select(entry => entry with { Name = OwnName(entry) }), expected, anyFloat: true);
    }

    private static void Copy(IEnumerable<SafetensorsReader> files, Gpt2 model, bool transposed)
    {
        using var scope = NewDisposeScope();
        var own = model.state_dict();
        Tensor? tiedHead = null;
        var hasEmbedding = false;
        foreach (var (entry, tensor) in files.SelectMany(file => file.ReadTensors(IsParameter)))
        {
            var name = OwnName(entry);
            if (name == Head && model.Config.TiedHead)
            {
                tiedHead = tensor;
                continue;
            }
            using var _ = tensor;
            hasEmbedding |= name == TokenEmbedding;
            own[name].copy_(transposed && IsLinearWeight(name) ? tensor.t() : tensor);
        }
        if (tiedHead is not null && !hasEmbedding) own[TokenEmbedding].copy_(tiedHead);
        else if (tiedHead is not null && !tiedHead.to(ScalarType.Float32).eq(own[TokenEmbedding]).all().ToBoolean())
            throw new InvalidDataException(
                $"'{Head}' differs from '{TokenEmbedding}', though the configuration ties them; where they are meant to differ, say so there.");
    }

    /// <summary>Older models kept their causal masks as buffers, and checkpoints hold the optimizer's state.</summary>
    private static bool IsParameter(SafetensorsEntry entry)
        => !entry.Name.EndsWith(".attn.bias", StringComparison.Ordinal) && !entry.Name.EndsWith(".attn.masked_bias", StringComparison.Ordinal)
            && !RunTensors.IsOptimizerState(entry);

    /// <summary>The model's name of a tensor: files saved from the model without its head lack the prefix.</summary>
    private static string OwnName(SafetensorsEntry entry)
    {
        var name = Unwrapped(entry.Name);
        return name == Head || name.StartsWith(Prefix, StringComparison.Ordinal) ? name : Prefix + name;
    }

    private static string Unwrapped(string name)
    {
        while (Array.Find(Wrappers, prefix => name.StartsWith(prefix, StringComparison.Ordinal)) is { } wrapper) name = name[wrapper.Length..];
        return name;
    }
}

/// <summary>A <see cref="Gpt2Config"/> under the names of nanoGPT's <c>GPTConfig</c>, so that it can be made from this as it stands.</summary>
internal sealed record NanoGptConfig
{
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
            throw new InvalidDataException($"Expected a configuration with the names of nanoGPT's GPTConfig, but {Check.Reason(error)}", error);
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
