using Focus.Benchmarks.Baselines;
using Focus.Benchmarks.Harness;
using Focus.Benchmarks.Suites.Gpt2;

namespace Focus.Benchmarks.Suites;

/// <summary>Training steps of GPT-2 small (4 × 256 tokens, float32, FOCUS) beside the same in eager PyTorch with AdamW, each in a fresh process.</summary>
internal sealed class Gpt2Suite : ISuite
{
    private const int Rounds = 3, TokensPerStep = Gpt2Worker.Sequences * Gpt2Worker.Time;

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
        using var theirs = PythonBaseline.TryStart("torch_baseline.py", requires: "torch");
        if (theirs is null) report.Note("no python3 with torch: the ratios to PyTorch are left out");
        double Ours(string part) => ours.Ask(new { @do = part, repeats = 1 });
        double Theirs() => theirs!.Ask(new { @do = "gpt2_step", sequences = Gpt2Worker.Sequences, time = Gpt2Worker.Time, repeats = 1 });

        Ours("step");
        if (theirs is not null) Theirs();
        List<double> ourSteps = [], theirSteps = [];
        for (var round = 0; round < Rounds; round++)
        {
            ourSteps.Add(Ours("step"));
            if (theirs is not null) theirSteps.Add(Theirs());
        }
        report.Add("gpt2_small_step_seconds", Median(ourSteps), "s");
        report.Add("gpt2_small_tokens_per_s", TokensPerStep / Median(ourSteps), "tokens/s");
        var blocks = Ours("blocks");
        report.Add("gpt2_small_forward_blocks_seconds", blocks, "s");
        report.Add("gpt2_small_head_and_its_gradient_seconds", Ours("forward") - blocks, "s");
        report.Add("gpt2_small_backward_blocks_seconds", Ours("backward"), "s");
        report.Add("gpt2_small_optimizer_seconds", Ours("optimizer"), "s");
        report.Add("gpt2_small_peak_memory", Memory(ours), "bytes");
        if (theirs is null) return;
        report.Add("torch_gpt2_small_tokens_per_s", TokensPerStep / Median(theirSteps), "tokens/s");
        report.Add("gpt2_small_tokens_per_s_vs_torch", Median(theirSteps) / Median(ourSteps), "ratio");
        report.Add("torch_gpt2_small_peak_memory", Memory(theirs), "bytes");
        report.Add("gpt2_small_peak_memory_vs_torch", Memory(ours) / Memory(theirs), "ratio");
    }

    private static double Memory(WorkerProcess process) => process.Ask(new { @do = "peak_memory" });

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
