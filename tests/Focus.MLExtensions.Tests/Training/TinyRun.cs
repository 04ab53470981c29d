using static TorchSharp.torch;

namespace Focus.Tests;

/// <summary>A GPT-2 small enough for tests, on text that it can learn.</summary>
internal static class TinyRun
{
    /// <summary>A head of 16, the fewest features that the fused attention takes.</summary>
    public static readonly Gpt2Config Config = new() { BlockSize = 8, VocabularySize = 11, Layers = 2, Heads = 1, Width = 16 };

    /// <summary>A few seconds' work at most, without a schedule.</summary>
    public static readonly Gpt2TrainingOptions Options = new()
    {
        Optimizer = new AdamWOptions { LearningRate = 0.01 },
        Schedule = new ConstantSchedule(),
        BatchSize = 4,
        AccumulationSteps = 1,
        MaxSteps = 20,
        EvaluationInterval = 0,
        EvaluationBatches = 2,
        PeakFlops = 1e12,
    };

    public static OptimizerSettings[] Optimizers =>
    [
        new FocusOptions { LearningRate = 2e-3, Beta2 = 0.99, Gamma = 0.2, WeightDecay = 0.2 },
        new SignumOptions { LearningRate = 2e-3, WeightDecay = 0.1 },
        new AdamWOptions { LearningRate = 1e-2, WeightDecay = 0.1 },
    ];

    /// <summary>Tokens of which each but every third follows from the one before.</summary>
    public static TokenBuffer Tokens(int count = 3000, int seed = 1)
    {
        var random = new Random(seed);
        var tokens = new int[count];
        for (var i = 1; i < count; i++) tokens[i] = i % 3 == 0 ? random.Next(11) : (tokens[i - 1] * 3 + 1) % 11;
        var buffer = new TokenBuffer("tiny.bin");
        buffer.Append(tokens);
        return buffer;
    }

    /// <summary>Trains a fresh model.</summary>
    public static (Gpt2TrainingResult Result, Gpt2 Model) Train(
        Gpt2TrainingOptions options, Gpt2Config? config = null, TokenSource? validation = null, TokenSource? train = null)
    {
        var model = new Gpt2(config ?? Config, seed: 3);
        using var tokens = Tokens();
        return (new Gpt2Training(model, options).Run(train ?? tokens, validation), model);
    }

    /// <summary>Has the gradients of a model overflow in float16 at the first loss scale.</summary>
    public static void MakeLoud(Gpt2 model)
    {
        using var _ = no_grad();
        model.named_parameters().Single(named => named.name == "transformer.ln_f.weight").parameter.fill_(100);
    }

    /// <summary>Trains a fresh model and forgets it.</summary>
    public static (Gpt2TrainingResult Result, List<Gpt2Progress> Steps) Watch(
        Gpt2TrainingOptions options, Gpt2Config? config = null, TokenSource? validation = null)
    {
        var steps = new List<Gpt2Progress>();
        var (result, model) = Train(options with { Progress = new Reporter(steps.Add) }, config, validation);
        model.Dispose();
        return (result, steps);
    }

    /// <summary>The bits of all weights.</summary>
    public static byte[] Bits(Gpt2 model)
        => [.. model.named_parameters().SelectMany(named => named.parameter.detach().cpu().bytes.ToArray())];

    /// <summary>Tokens that tell of every read before it.</summary>
    public sealed class WatchedTokens(TokenSource tokens, Action read) : TokenSource
    {
        public override string Name => tokens.Name;

        public override long Count => tokens.Count;

        protected override void Copy(long start, Span<int> destination)
        {
            read();
            tokens.Read(start, destination);
        }
    }

    /// <summary>Reports at once, where <see cref="Progress{T}"/> would do so later.</summary>
    public sealed class Reporter(Action<Gpt2Progress> action) : IProgress<Gpt2Progress>
    {
        public void Report(Gpt2Progress value) => action(value);
    }
}
