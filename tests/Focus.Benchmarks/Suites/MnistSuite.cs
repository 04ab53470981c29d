using Focus.Benchmarks.Baselines;
using Focus.Benchmarks.Harness;
using Focus.Benchmarks.Suites.Mnist;
using Microsoft.ML;

namespace Focus.Benchmarks.Suites;

/// <summary>The paper's MNIST network, 400 steps at batch 64: test loss over twenty seeds, beside the same runs in PyTorch, which start from the
/// same weights and see the same batches.</summary>
/// <remarks>Rounding differs, and FOCUS takes the sign of it: runs that agree in their first steps part later on, so that final losses are
/// compared by their means.</remarks>
internal sealed class MnistSuite : ISuite
{
    private const int Seeds = 20, Steps = 400, BatchSize = 64;

    /// <summary>As many steps, and seeds, as are compared more closely.</summary>
    private const int FirstSteps = 10, FirstSeeds = 5;

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
        if (baseline is null) report.Note("no python3 with torch: the comparison is left out");
        Compare(report, baseline, folder, new FocusOptions { LearningRate = 1e-3, Beta2 = 0.99, Gamma = 0.2, WeightDecay = 1e-2 });
        Compare(report, baseline, folder, new AdamWOptions { LearningRate = 1e-3, WeightDecay = 1e-2 });
    }

    private static void Compare(BenchmarkReport report, PythonBaseline? baseline, string folder, OptimizerOptions optimizer)
    {
        var name = $"mnist_{optimizer.Name.ToLowerInvariant()}";
        var pairs = Enumerable.Range(0, Seeds).Select(seed => Pair(baseline, folder, optimizer, seed)).ToList();
        Add(report, $"{name}_test_loss", pairs.Select(pair => pair.Ours));
        if (baseline is null) return;
        Add(report, $"torch_{name}_test_loss", pairs.Select(pair => pair.Theirs));
        Add(report, $"{name}_difference", pairs.Select(pair => pair.Ours - pair.Theirs));
        AddStandardErrors(report, $"{name}_difference_in_standard_errors", pairs);
        AddStandardErrors(report, $"{name}_difference_in_standard_errors_{FirstSeeds}_seeds", pairs[..FirstSeeds]);
        report.Add($"{name}_largest_difference_in_first_{FirstSteps}_losses", pairs.Max(pair => pair.FirstLosses), "nats");
    }

    private static void Add(BenchmarkReport report, string name, IEnumerable<double> losses)
    {
        var (mean, error) = Summary(losses);
        report.Add(name, mean, "nats");
        report.Add($"{name}_standard_error", error, "nats");
    }

    private static void AddStandardErrors(BenchmarkReport report, string name, IReadOnlyCollection<RunPair> pairs)
    {
        var (ours, theirs) = (Summary(pairs.Select(pair => pair.Ours)), Summary(pairs.Select(pair => pair.Theirs)));
        report.Add(name, (ours.Mean - theirs.Mean) / Math.Sqrt(ours.Error * ours.Error + theirs.Error * theirs.Error), "standard errors");
    }

    private static (double Mean, double Error) Summary(IEnumerable<double> losses)
    {
        double[] values = [.. losses];
        var mean = values.Average();
        return (mean, Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1) / values.Length));
    }

    private static RunPair Pair(PythonBaseline? baseline, string folder, OptimizerOptions optimizer, int seed)
    {
        var recorder = new Recorder();
        var options = new MlpTrainer.Options { Optimizer = optimizer, BatchSize = BatchSize, MaxSteps = Steps, Seed = seed, Progress = recorder };
        var mlContext = new MLContext();
        mlContext.Focus.Trainers.Mlp(options).Fit(
            mlContext.Focus.Data.LoadMnist(folder, MnistSplit.Train), mlContext.Focus.Data.LoadMnist(folder, MnistSplit.Test));
        if (baseline is null) return new(recorder.TestLoss, double.NaN, double.NaN);

        using var start = new SharedStart();
        start.Write(options);
        var theirs = baseline.Ask(new
        {
            @do = "mnist", data = Path.GetFullPath(folder), optimizer = optimizer.Name.ToLowerInvariant(), learning_rate = optimizer.LearningRate,
            steps = Steps, batch = BatchSize, weights = start.Weights, rows = start.Rows,
        });
        var difference = baseline.Ask(new { @do = "mnist_loss_difference", losses = recorder.Losses.Take(FirstSteps) });
        return new(recorder.TestLoss, theirs, difference);
    }

    /// <param name="Ours">Our final test loss.</param>
    /// <param name="Theirs">PyTorch's.</param>
    /// <param name="FirstLosses">The largest difference between the first steps' training losses.</param>
    private readonly record struct RunPair(double Ours, double Theirs, double FirstLosses);

    /// <summary>Takes the evaluation's loss, not ML.NET's log loss, which cuts small probabilities off.</summary>
    private sealed class Recorder : IProgress<TrainingProgress>
    {
        public List<double> Losses { get; } = [];

        public double TestLoss { get; private set; } = double.NaN;

        public void Report(TrainingProgress value)
        {
            Losses.Add(value.Loss);
            TestLoss = value.Evaluation?.Loss ?? TestLoss;
        }
    }
}
