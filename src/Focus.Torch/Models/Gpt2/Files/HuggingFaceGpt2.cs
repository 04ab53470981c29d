using System.Text.Json;
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
    /// <returns>A model with biases, in float32 on the CPU, in training mode like a new one.</returns>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, the configuration asks for what <see cref="Gpt2"/> does not do, or the
    /// tensors are not those of the configuration.</exception>
    public static Gpt2 Load(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var config = ReadConfig(folder);
        return ReadWeights(folder, config);
    }

    private static IEnumerable<KeyValuePair<string, Tensor>> Tensors(Gpt2 model)
    {
        using var _ = no_grad();
        var own = model.state_dict();
        return [.. Gpt2Layout.Shapes(model.Config with { Bias = true }).Select(item => KeyValuePair.Create(item.Key,
            !own.TryGetValue(item.Key, out var tensor) ? zeros(item.Value)
                : Gpt2Layout.IsLinearWeight(item.Key) ? tensor.t() : tensor))];
    }

    private static Gpt2Config ReadConfig(string folder)
    {
        var path = Require(folder, ConfigFile, "the folder is incomplete, or holds no model of Hugging Face");
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
            return Gpt2Weights.Read(config, [.. streams.Select(OpenReader)], transposed: true);
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
