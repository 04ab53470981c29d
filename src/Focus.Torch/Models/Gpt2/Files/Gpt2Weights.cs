using TorchSharp;
using static TorchSharp.torch;

namespace Focus;

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
