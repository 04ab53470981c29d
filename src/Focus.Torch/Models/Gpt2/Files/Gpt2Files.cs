using System.Text.Json;
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
