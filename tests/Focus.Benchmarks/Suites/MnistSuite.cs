using Focus.Benchmarks.Baselines;
using Focus.Benchmarks.Harness;
using Microsoft.ML;

namespace Focus.Benchmarks.Suites;

/// <summary>The paper's MNIST network, 400 steps at batch 64: test loss over twenty seeds, beside the same runs in PyTorch.</summary>
internal sealed class MnistSuite : ISuite
{
    private const int Seeds = 20, Steps = 400, BatchSize = 64;

    public string Name => "mnist";

    public void Run(BenchmarkReport report)
    {
        var folder = Environment.GetEnvironmentVariable("MNIST_DATA") ?? Path.Combine("..", "shared", "data", "mnist");
        if (!Directory.Exists(folder))
        {
            report.Note($"no MNIST files in {folder}; set MNIST_DATA to their folder");
            return;
        }
        using var baseline = PythonBaseline.TryStart("torch_baseline.py", requires: "torch");
        Compare(report, baseline, folder, new FocusOptions { LearningRate = 1e-3, Beta2 = 0.99, Gamma = 0.2, WeightDecay = 1e-2 });
        Compare(report, baseline, folder, new AdamWOptions { LearningRate = 1e-3, WeightDecay = 1e-2 });
    }

    private static void Compare(BenchmarkReport report, PythonBaseline? baseline, string folder, OptimizerOptions optimizer)
    {
        var name = optimizer.Name.ToLowerInvariant();
        var ours = Summarize(report, $"mnist_{name}", seed => TestLoss(folder, optimizer, seed));
        if (baseline is null) return;
        var theirs = Summarize(report, $"torch_mnist_{name}", seed => baseline.Ask(new
        {
            @do = "mnist", data = Path.GetFullPath(folder), optimizer = name, seed, steps = Steps, batch = BatchSize, learning_rate = optimizer.LearningRate,
        }));
        report.Add($"mnist_{name}_difference_in_standard_errors", (ours.Mean - theirs.Mean) / Math.Sqrt(ours.Error * ours.Error + theirs.Error * theirs.Error), "standard errors");
    }

    private static (double Mean, double Error) Summarize(BenchmarkReport report, string name, Func<int, double> lossOf)
    {
        var losses = Enumerable.Range(0, Seeds).Select(lossOf).ToList();
        var mean = losses.Average();
        var error = Math.Sqrt(losses.Sum(loss => (loss - mean) * (loss - mean)) / (Seeds - 1) / Seeds);
        report.Add($"{name}_test_loss", mean, "nats");
        report.Add($"{name}_test_loss_standard_error", error, "nats");
        return (mean, error);
    }

    /// <summary>The evaluation's loss, not ML.NET's log loss, which cuts small probabilities off.</summary>
    private static double TestLoss(string folder, OptimizerOptions optimizer, int seed)
    {
        var mlContext = new MLContext(seed);
        var loss = double.NaN;
        var trainer = mlContext.Focus.Trainers.Mlp(new MlpTrainer.Options
        {
            Optimizer = optimizer, BatchSize = BatchSize, MaxSteps = Steps, Progress = new Last(progress => loss = progress.Evaluation?.Loss ?? loss),
        });
        trainer.Fit(mlContext.Focus.Data.LoadMnist(folder, MnistSplit.Train), mlContext.Focus.Data.LoadMnist(folder, MnistSplit.Test));
        return loss;
    }

    private sealed class Last(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }
}
