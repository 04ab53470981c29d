using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace Focus.Benchmarks;

/// <summary>Training steps of GPT-2 small with FOCUS, beside the same model written with TorchSharp's modules and its AdamW, each in a
/// process of its own, whose memory can be compared; and what bfloat16 gains.</summary>
internal static class Gpt2Suite
{
    private const double Budget = 60;

    /// <summary>Keeps the peer's process at the defaults of glibc and libgomp, which every program here changes at its start: see
    /// <see cref="TorchRuntime.Initialize"/>.</summary>
    /// <remarks>A value for any tunable of glibc, here the default of one that does nothing, makes TorchRuntime leave the allocator alone.
    /// MALLOC_TRIM_THRESHOLD_ would as well, but would also stop glibc from adapting its thresholds, as it does by default. The spin count
    /// is libgomp's own default; TorchRuntime does not replace one that is set.</remarks>
    private static readonly (string Name, string Value)[] Defaults =
        [("GLIBC_TUNABLES", "glibc.malloc.check=0"), ("GOMP_SPINCOUNT", "300000")];

    public static void Run(Report report)
    {
        using var ours = Start(Gpt2Side.Focus);
        CompareSteps(report, ours);
        // Other processors emulate bfloat16, in minutes a step.
        if (Machine.Describe() is { Avx512BFloat16: true } or { Amx: true }) CompareTypes(report, ours);
    }

    private static void CompareSteps(Report report, WorkerProcess ours)
    {
        using var theirs = Start(Gpt2Side.TorchSharp, Defaults);
        var seconds = SideBySide.Medians(Budget, Repeat(ours, Gpt2Worker.Step), Repeat(theirs, Gpt2Worker.Step));
        report.Compare("gpt2_small_step", seconds[0], seconds[1], "s");
        report.Add("gpt2_small_tokens_per_s", Gpt2Worker.Tokens / seconds[0], "tokens/s");
        report.Add("torchsharp_gpt2_small_tokens_per_s", Gpt2Worker.Tokens / seconds[1], "tokens/s");
        report.Compare("gpt2_small_peak_memory", ours.Ask(Gpt2Worker.PeakMemory), theirs.Ask(Gpt2Worker.PeakMemory), "bytes");
    }

    private static void CompareTypes(Report report, WorkerProcess float32)
    {
        using var bfloat16 = Start(Gpt2Side.FocusBFloat16);
        var seconds = SideBySide.Medians(Budget, Repeat(bfloat16, Gpt2Worker.Gradients), Repeat(float32, Gpt2Worker.Gradients));
        report.Add("gpt2_small_bfloat16_gradients", seconds[0], "s");
        report.Add("gpt2_small_float32_gradients", seconds[1], "s");
        report.Add("gpt2_small_bfloat16_vs_float32", seconds[0] / seconds[1], "ratio");
    }

    private static WorkerProcess Start(Gpt2Side side, params (string Name, string Value)[] environment)
        => new([Gpt2Worker.Command, side.ToString()], environment);

    private static Func<int, double> Repeat(WorkerProcess worker, string request)
        => repeats => Enumerable.Range(0, repeats).Sum(_ => worker.Ask(request));
}

/// <summary>Which model a worker trains.</summary>
internal enum Gpt2Side
{
    /// <summary>Ours, with FOCUS.</summary>
    Focus,

    /// <summary>Ours, in bfloat16.</summary>
    FocusBFloat16,

    /// <summary><see cref="PlainGpt2"/>, with TorchSharp's AdamW.</summary>
    TorchSharp,
}

/// <summary>The worker: takes steps on one random batch, and tells the seconds of them and the bytes it needed.</summary>
internal static class Gpt2Worker
{
    /// <summary>The program's first argument; the second is the side.</summary>
    public const string Command = "gpt2-worker";

    /// <summary>A request: the seconds of a training step or of its gradients alone, or the bytes of the largest resident set so far
    /// (VmHWM).</summary>
    public const string Step = "step", Gradients = "gradients", PeakMemory = "peak-memory";

    public const int Tokens = Sequences * Time;

    private const int Sequences = 4, Time = 256;

    /// <summary>So small that the batch is not fitted: vanishing gradients would be slow denormal numbers.</summary>
    private const double LearningRate = 1e-5;

    public static void Serve(Gpt2Side side)
    {
        var (loss, optimizer) = side switch
        {
            Gpt2Side.TorchSharp => Peer(),
            Gpt2Side.FocusBFloat16 => Ours(ScalarType.BFloat16),
            _ => Ours(ScalarType.Float32),
        };
        var tokens = randint(0, Gpt2Config.Small.VocabularySize, [Sequences, Time], ScalarType.Int64);
        var targets = randint(0, Gpt2Config.Small.VocabularySize, [Sequences, Time], ScalarType.Int64);

        WorkerProcess.Serve(request =>
        {
            if (request == PeakMemory) return Process.GetCurrentProcess().PeakWorkingSet64;
            using var scope = NewDisposeScope();
            var start = Stopwatch.GetTimestamp();
            optimizer.zero_grad();
            loss(tokens, targets).backward();
            if (request == Step) optimizer.step();
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        });
    }

    private static (Func<Tensor, Tensor, Tensor> Loss, optim.Optimizer Optimizer) Ours(ScalarType type)
    {
        var model = new Gpt2(Gpt2Config.Small);
        model.to(type);
        return (model.Loss, new FocusOptions { LearningRate = LearningRate }.CreateOptimizer(model.ParameterGroups()));
    }

    private static (Func<Tensor, Tensor, Tensor> Loss, optim.Optimizer Optimizer) Peer()
    {
        var model = new PlainGpt2(Gpt2Config.Small);
        return (model.Loss, optim.AdamW(model.parameters(), lr: LearningRate));
    }
}
