using Focus.Benchmarks.Baselines;
using Focus.Benchmarks.Harness;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Focus.Benchmarks.Suites;

/// <summary>A training step and a forward pass of the paper's MNIST network, with AdamW, beside the same in PyTorch.</summary>
internal sealed class MlpSuite : ISuite
{
    private const double Budget = 8;

    private static readonly int[] BatchSizes = [2, 64, 1024, 4096];

    public string Name => "mlp";

    public void Run(BenchmarkReport report)
    {
        using var baseline = PythonBaseline.TryStart("torch_baseline.py", requires: "torch");
        if (baseline is null) report.Note("no python3 with torch: the ratios to PyTorch are left out");
        foreach (var batch in BatchSizes)
        {
            using var model = new Mlp(784, [128, 128, 128, 128, 128], 10);
            // So small a learning rate that thousands of steps on one batch do not fit it: vanishing gradients would be slow denormal numbers.
            using var optimizer = new AdamWOptions { LearningRate = 1e-6 }.CreateOptimizer(model.ParameterGroups());
            using var features = rand([batch, 784]);
            using var labels = tensor([.. Enumerable.Range(0, batch).Select(row => row % 10L)]);

            model.train();
            Compare(report, baseline, "step", batch, () => Step(model, optimizer, features, labels));
            model.eval();
            Compare(report, baseline, "evaluation", batch, () => Evaluate(model, features));
        }
    }

    private static void Compare(BenchmarkReport report, PythonBaseline? baseline, string work, int batch, Action action)
    {
        var ours = SideBySide.Repeat(action);
        var medians = baseline is null
            ? SideBySide.Medians(Budget, ours)
            : SideBySide.Medians(Budget, ours, repeats => baseline.Ask(new { @do = $"mlp_{work}", batch, repeats }));
        report.Add($"mlp_{work}_b{batch}_ms", 1000 * medians[0], "ms");
        if (baseline is null) return;
        report.Add($"torch_mlp_{work}_b{batch}_ms", 1000 * medians[1], "ms");
        report.Add($"mlp_{work}_b{batch}_vs_torch", medians[0] / medians[1], "ratio");
    }

    private static void Step(Mlp model, OptimizerHelper optimizer, Tensor features, Tensor labels)
    {
        using var scope = NewDisposeScope();
        var loss = nn.functional.cross_entropy(model.call(features), labels);
        model.zero_grad();
        loss.backward();
        optimizer.step();
        loss.ToSingle();
    }

    private static void Evaluate(Mlp model, Tensor features)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        model.call(features);
    }
}
