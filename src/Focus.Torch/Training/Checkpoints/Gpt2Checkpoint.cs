using static TorchSharp.torch;

namespace Focus;

/// <summary>The checkpoints that a <see cref="Gpt2Training"/> leaves: safetensors files with the model, the optimizer's state and the run's
/// settings.</summary>
public static class Gpt2Checkpoint
{
    /// <summary>The name of the file with the lowest validation loss.</summary>
    public const string BestName = "best.safetensors";

    internal const string StepPrefix = "step-", StepPattern = StepPrefix + "*.safetensors";

    /// <summary>The newest checkpoint of a folder, the best where there is no other, or null where there is none.</summary>
    public static string? Newest(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return CheckpointFolder.Files(folder) is [var newest, ..] ? newest : null;
    }

    /// <summary>Reads the model of a checkpoint.</summary>
    /// <returns>A model in evaluation mode, float32, on the CPU; the caller disposes of it.</returns>
    /// <exception cref="InvalidDataException">The file is not a checkpoint, or damaged.</exception>
    public static Gpt2 LoadModel(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var stream = File.OpenRead(path);
        try
        {
            var reader = new SafetensorsReader(stream);
            var config = CheckpointFile.Parse(reader.Header.Metadata).Model;
            RequireWeights(config, reader.Header);
            var model = new Gpt2(config);
            try
            {
                LoadWeights(model, reader);
                model.eval();
                return model;
            }
            catch
            {
                model.Dispose();
                throw;
            }
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"'{path}' holds no model: {error.Message}", error);
        }
    }

    internal static string StepName(long step) => $"{StepPrefix}{step:D9}.safetensors";

    /// <summary>Finds a configuration that is not the weights' before memory is taken for what it describes.</summary>
    private static void RequireWeights(Gpt2Config config, SafetensorsHeader header)
    {
        var weights = header.Entries.Where(CheckpointTensors.IsWeight).ToList();
        Gpt2Layout.RequireLayers(config, weights.Count);
        var expected = Gpt2Layout.Shapes(config).ToDictionary(item => item.Key, item => (ScalarType.Float32, item.Value));
        CheckpointTensors.RequireSame(expected, weights);
    }

    private static void LoadWeights(Gpt2 model, SafetensorsReader reader)
    {
        using var _ = no_grad();
        var weights = model.named_parameters().ToDictionary(named => named.name, named => (Tensor)named.parameter);
        foreach (var (name, tensor) in reader.ReadTensors())
        {
            using var read = tensor;
            if (weights.Remove(name, out var weight)) weight.copy_(read);
            if (weights.Count == 0) return; // What follows is the optimizer's.
        }
    }
}
