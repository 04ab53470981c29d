using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Focus.Benchmarks;

/// <summary>Parts that are too short for the suites, with BenchmarkDotNet.</summary>
internal static class MicroBenchmarks
{
    public static void Run(Report report)
    {
        // In this process, so that libtorch is found and has our settings, and nothing is built a second time.
        var config = ManualConfig.Create(DefaultConfig.Instance)
            .AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance))
            .WithArtifactsPath(Path.GetFullPath(Report.Folder));
        var summaries = BenchmarkRunner.Run([typeof(OptimizerStep), typeof(Gpt2Forward), typeof(Gpt2Loss)], config);
        foreach (var measured in summaries.SelectMany(summary => summary.Reports).Where(measured => measured.Success))
        {
            var name = measured.BenchmarkCase.Descriptor.DisplayInfo;
            report.Add(name, measured.ResultStatistics!.Median / 1e9, "s");
            report.Add($"{name}.Allocated", measured.GcStats.GetBytesAllocatedPerOperation(measured.BenchmarkCase) ?? 0, "bytes");
        }
    }
}

/// <summary>A step of each optimizer over one tensor of a million parameters.</summary>
[MemoryDiagnoser]
public class OptimizerStep
{
    private Parameter parameter = null!;
    private optim.Optimizer torchSharpAdamW = null!, adamW = null!, focus = null!, signum = null!;

    [GlobalSetup]
    public void SetUp()
    {
        parameter = new Parameter(ones(1_000_000));
        parameter.grad = ones(parameter.shape);
        torchSharpAdamW = optim.AdamW([parameter]);
        adamW = new AdamWOptions().CreateOptimizer([parameter]);
        focus = new FocusOptions().CreateOptimizer([parameter]);
        signum = new SignumOptions().CreateOptimizer([parameter]);
    }

    [Benchmark(Baseline = true)]
    public void TorchSharpAdamW() => torchSharpAdamW.step();

    [Benchmark]
    public void AdamW() => adamW.step();

    [Benchmark]
    public void Focus() => focus.step();

    [Benchmark]
    public void Signum() => signum.step();
}

/// <summary>A forward pass through one block as wide as GPT-2 small's, with a small vocabulary.</summary>
[MemoryDiagnoser]
public class Gpt2Forward
{
    private static readonly Gpt2Config Config = new() { Layers = 1, BlockSize = 256, VocabularySize = 1024 };

    private Gpt2 ours = null!;
    private PlainGpt2 theirs = null!;
    private Tensor tokens = null!;

    [GlobalSetup]
    public void SetUp()
    {
        ours = new Gpt2(Config);
        theirs = new PlainGpt2(Config);
        tokens = randint(0, Config.VocabularySize, [1, Config.BlockSize], ScalarType.Int64);
    }

    [Benchmark(Baseline = true)]
    public void TorchSharp() => Forward(theirs);

    [Benchmark]
    public void Gpt2() => Forward(ours);

    private void Forward(Module<Tensor, Tensor> model)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        model.call(tokens);
    }
}

/// <summary>The loss and the gradients of a narrow model with GPT-2's vocabulary: the logits in chunks, or all at once.</summary>
[MemoryDiagnoser]
public class Gpt2Loss
{
    private static readonly Gpt2Config Config = new() { Layers = 1, Heads = 4, Width = 128, BlockSize = 128 };

    private Gpt2 model = null!;
    private Tensor tokens = null!, targets = null!;

    [GlobalSetup]
    public void SetUp()
    {
        model = new Gpt2(Config);
        tokens = randint(0, Config.VocabularySize, [4, Config.BlockSize], ScalarType.Int64);
        targets = randint(0, Config.VocabularySize, [4, Config.BlockSize], ScalarType.Int64);
    }

    [Benchmark(Baseline = true)]
    public void AllLogits()
        => Gradients(() => functional.cross_entropy(model.call(tokens).view(-1, Config.VocabularySize), targets.view(-1)));

    [Benchmark]
    public void Chunks() => Gradients(() => model.Loss(tokens, targets));

    private void Gradients(Func<Tensor> loss)
    {
        using var scope = NewDisposeScope();
        model.zero_grad();
        loss().backward();
    }
}
