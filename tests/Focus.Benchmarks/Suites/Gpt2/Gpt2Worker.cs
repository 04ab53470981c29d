using System.Diagnostics;
using System.Text.Json;
using Focus.Benchmarks.Harness;
using static TorchSharp.torch;

namespace Focus.Benchmarks.Suites.Gpt2;

/// <summary>Our side of the GPT-2 benchmarks, in a process of its own, so that its memory can be compared.</summary>
/// <remarks>Requests: {"do": "step" | "forward" | "blocks" | "backward" | "optimizer", "repeats": 1}, answered with seconds, and {"do": "peak_memory"},
/// answered with bytes.</remarks>
internal static class Gpt2Worker
{
    /// <summary>The program's argument for it.</summary>
    public const string Argument = "gpt2-worker";

    public const int Sequences = 4, Time = 256;

    /// <summary>Starts this program as a worker.</summary>
    public static WorkerProcess Start() => new(new ProcessStartInfo(Environment.ProcessPath!, [Argument]));

    public static void Serve()
    {
        using var training = new Gpt2TrainingStep(Gpt2Config.Small, Sequences, Time);
        while (Console.ReadLine() is { } line)
        {
            var request = JsonDocument.Parse(line).RootElement;
            var value = request.GetProperty("do").GetString() switch
            {
                "peak_memory" => PeakMemory(),
                var part => Seconds(training, part!, request.GetProperty("repeats").GetInt32()),
            };
            Console.WriteLine(JsonSerializer.Serialize(new { value }));
        }
    }

    private static double Seconds(Gpt2TrainingStep training, string part, int repeats)
    {
        var seconds = 0.0;
        for (var i = 0; i < repeats; i++) seconds += training.Run(part);
        return seconds;
    }

    /// <summary>VmHWM, the largest resident set so far, which is what getrusage gives Python.</summary>
    private static double PeakMemory() => Process.GetCurrentProcess().PeakWorkingSet64;
}

/// <summary>Training steps of a GPT-2 on one random batch, with FOCUS.</summary>
internal sealed class Gpt2TrainingStep : IDisposable
{
    private readonly global::Focus.Gpt2 model;
    private readonly optim.Optimizer optimizer;
    private readonly Tensor tokens, targets;

    public Gpt2TrainingStep(Gpt2Config config, int sequences, int time)
    {
        model = new(config);
        optimizer = new FocusOptions { LearningRate = 1e-5, Beta2 = 0.99, Gamma = 0.2, WeightDecay = 0.2 }.CreateOptimizer(model.ParameterGroups());
        tokens = randint(0, config.VocabularySize, [sequences, time], ScalarType.Int64);
        targets = randint(0, config.VocabularySize, [sequences, time], ScalarType.Int64);
    }

    /// <summary>Takes a step and returns the seconds of a part of it, or of the whole step; "blocks" is a forward pass without the head.</summary>
    public double Run(string part)
    {
        using var scope = NewDisposeScope();
        var start = Stopwatch.GetTimestamp();
        if (part == "blocks")
        {
            model.Transformer.call(tokens);
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        model.zero_grad();
        var loss = model.Loss(tokens, targets);
        var forward = Stopwatch.GetElapsedTime(start);
        loss.backward();
        var backward = Stopwatch.GetElapsedTime(start) - forward;
        optimizer.step();
        var step = Stopwatch.GetElapsedTime(start);
        return (part switch { "forward" => forward, "backward" => backward, "optimizer" => step - forward - backward, _ => step }).TotalSeconds;
    }

    public void Dispose()
    {
        optimizer.Dispose();
        model.Dispose();
        tokens.Dispose();
        targets.Dispose();
    }
}
