using System.Runtime.InteropServices;

namespace Focus.Benchmarks.Suites.Mnist;

/// <summary>The first weights and the batches of a training run, in files from which PyTorch makes the same run.</summary>
internal sealed class SharedStart : IDisposable
{
    private const int TrainingImages = 60_000, Pixels = 784, Classes = 10;

    /// <summary>In the order of PyTorch's modules.</summary>
    private static readonly string[] LayerParameters = ["norm.weight", "norm.bias", "weight", "bias"];

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("focus-bench-");

    /// <summary>Float32, layer after layer.</summary>
    public string Weights => Path.Combine(folder.FullName, "weights.f32");

    /// <summary>Row numbers as int64, batch after batch.</summary>
    public string Rows => Path.Combine(folder.FullName, "rows.i64");

    /// <summary>Writes what a run of the trainer with this seed begins with and goes through.</summary>
    public void Write(MlpTrainer.Options run)
    {
        using var network = new Mlp(Pixels, run.HiddenWidths, Classes, run.BatchNormalization, run.Seed!.Value);
        var parameters = network.state_dict();
        using (var weights = File.Create(Weights))
            for (var layer = 0; layer <= run.HiddenWidths.Count; layer++)
                foreach (var name in LayerParameters)
                    weights.Write(parameters[$"layers.{layer}.{name}"].detach().bytes);

        var batches = new ShuffledBatches(TrainingImages, run.BatchSize, run.Seed.Value);
        using var rows = File.Create(Rows);
        for (var step = 0; step < run.MaxSteps; step++) rows.Write(MemoryMarshal.AsBytes(batches.Next().AsSpan()));
    }

    public void Dispose() => folder.Delete(recursive: true);
}
