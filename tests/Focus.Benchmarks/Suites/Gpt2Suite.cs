using Focus.Benchmarks.Baselines;
using Focus.Benchmarks.Harness;
using Focus.Benchmarks.Suites.Gpt2;

namespace Focus.Benchmarks.Suites;

/// <summary>Training steps of GPT-2 small (4 × 256 tokens, float32, FOCUS) beside the same in eager PyTorch with AdamW, each in a fresh process:
/// operation by operation as the paper's code has them, and with PyTorch's own GELU and masks in place.</summary>
internal sealed class Gpt2Suite : ISuite
{
    private const int Rounds = 5, TokensPerStep = Gpt2Worker.Sequences * Gpt2Worker.Time;

    public string Name => "gpt2";

    public void Run(BenchmarkReport report)
    {
        TokenizerFigures.Add(report);
        TokenFileFigures.Add(report);
        AddTraining(report);
    }

    private static void AddTraining(BenchmarkReport report)
    {
        using var ours = Gpt2Worker.Start();
        using var theirs = StartBaseline();
        using var shortcuts = StartBaseline();
        if (theirs is null) report.Note("no python3 with torch: the ratios to PyTorch are left out");
        double Ours(string part) => ours.Ask(new { @do = part, repeats = 1 });

        List<double> ourSteps = [], theirSteps = [], shortcutSteps = [];
        for (var round = 0; round <= Rounds; round++)
        {
            ourSteps.Add(Ours("step"));
            if (theirs is not null) theirSteps.Add(Step(theirs, shortcuts: false));
            if (shortcuts is not null) shortcutSteps.Add(Step(shortcuts, shortcuts: true));
        }
        var step = MedianAfterFirst(ourSteps);
        report.Add("gpt2_small_step_seconds", step, "s");
        report.Add("gpt2_small_tokens_per_s", TokensPerStep / step, "tokens/s");
        var blocks = Ours("blocks");
        report.Add("gpt2_small_forward_blocks_seconds", blocks, "s");
        report.Add("gpt2_small_head_and_its_gradient_seconds", Ours("forward") - blocks, "s");
        report.Add("gpt2_small_backward_blocks_seconds", Ours("backward"), "s");
        report.Add("gpt2_small_optimizer_seconds", Ours("optimizer"), "s");
        report.Add("gpt2_small_peak_memory", Memory(ours), "bytes");
        Compare(report, "torch", theirs, theirSteps, step, Memory(ours));
        Compare(report, "torch_shortcuts", shortcuts, shortcutSteps, step, Memory(ours));
    }

    private static PythonBaseline? StartBaseline() => PythonBaseline.TryStart("torch_baseline.py", requires: "torch");

    private static double Step(PythonBaseline baseline, bool shortcuts)
        => baseline.Ask(new { @do = "gpt2_step", sequences = Gpt2Worker.Sequences, time = Gpt2Worker.Time, repeats = 1, shortcuts });

    private static void Compare(BenchmarkReport report, string name, PythonBaseline? baseline, List<double> steps, double ourStep, double ourMemory)
    {
        if (baseline is null) return;
        var step = MedianAfterFirst(steps);
        report.Add($"{name}_gpt2_small_tokens_per_s", TokensPerStep / step, "tokens/s");
        report.Add($"gpt2_small_tokens_per_s_vs_{name}", step / ourStep, "ratio");
        report.Add($"{name}_gpt2_small_peak_memory", Memory(baseline), "bytes");
        report.Add($"gpt2_small_peak_memory_vs_{name}", ourMemory / Memory(baseline), "ratio");
    }

    private static double Memory(WorkerProcess process) => process.Ask(new { @do = "peak_memory" });

    /// <summary>The first step allocates and, here, compiles.</summary>
    private static double MedianAfterFirst(List<double> values) => values.Skip(1).Order().ElementAt((values.Count - 1) / 2);
}
