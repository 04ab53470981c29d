using System.Globalization;
using Focus.Benchmarks.Baselines;
using Focus.Benchmarks.Harness;

namespace Focus.Benchmarks.Suites;

/// <summary>The best mean test losses of the MNIST scan at three batch sizes, beside those of the same runs in PyTorch.</summary>
/// <remarks>PyTorch tries the scan's best learning rate and its neighbours on the paper's grid, with as many replicates, and takes the lowest
/// mean, too: the lowest of several means is lower than the mean of fresh runs at one learning rate.</remarks>
internal sealed class MnistScanSuite : ISuite
{
    private const int Replicates = 3, Steps = 400, Neighbours = 1;

    private static readonly int[] BatchSizes = [4, 64, 1024];

    private static readonly double[] LearningRates = Grid.LogSpace(1e-4, 1, 20);

    public string Name => "scan";

    public void Run(BenchmarkReport report)
    {
        var data = Environment.GetEnvironmentVariable("MNIST_DATA") ?? Path.Combine("..", "shared", "data", "mnist");
        var table = Environment.GetEnvironmentVariable("MNIST_SCAN") ?? Path.Combine("samples", "Mnist", "results", "best.csv");
        if (!Directory.Exists(data) || !File.Exists(table))
        {
            report.Note($"needs MNIST's files in {data} (or MNIST_DATA) and the scan's table {table} (or MNIST_SCAN)");
            return;
        }
        using var baseline = PythonBaseline.TryStart("torch_baseline.py", requires: "torch");
        if (baseline is null)
        {
            report.Note("no python3 with torch: there is nothing to compare with");
            return;
        }
        foreach (var point in Points(table)) Compare(report, baseline, Path.GetFullPath(data), point);
    }

    private static void Compare(BenchmarkReport report, PythonBaseline baseline, string data, Point point)
    {
        var (name, ours) = ($"{point.Trainer}_b{point.BatchSize}", point.Loss);
        var theirs = Rates(point.LearningRate).Select(rate => Summarize(Enumerable.Range(0, Replicates).Select(seed => baseline.Ask(new
        {
            @do = "mnist", data, optimizer = point.Trainer == "adamw" ? "adamw" : "focus", gamma = Gamma(point.Trainer), seed, steps = Steps,
            batch = point.BatchSize, learning_rate = rate,
        })).ToArray())).MinBy(loss => loss.Mean);
        report.Add($"{name}_test_loss", ours.Mean, "nats");
        report.Add($"{name}_test_loss_standard_deviation", ours.Deviation, "nats");
        report.Add($"torch_{name}_test_loss", theirs.Mean, "nats");
        report.Add($"torch_{name}_test_loss_standard_deviation", theirs.Deviation, "nats");
        var error = Math.Sqrt((ours.Deviation * ours.Deviation + theirs.Deviation * theirs.Deviation) / Replicates);
        report.Add($"{name}_difference_in_standard_errors", (ours.Mean - theirs.Mean) / error, "standard errors");
    }

    /// <summary>A learning rate and its neighbours on the paper's grid.</summary>
    private static IEnumerable<double> Rates(double best)
    {
        var index = Enumerable.Range(0, LearningRates.Length).MinBy(i => Math.Abs(Math.Log(LearningRates[i] / best)));
        return LearningRates.Skip(Math.Max(0, index - Neighbours)).Take(Math.Min(index, Neighbours) + 1 + Neighbours);
    }

    /// <summary>The paper's Signum runs are FOCUS without its attraction.</summary>
    private static double Gamma(string trainer) =>
        trainer.Split('-') is [_, var gamma] ? double.Parse(gamma, CultureInfo.InvariantCulture) : 0;

    private static Loss Summarize(double[] losses)
    {
        var mean = losses.Average();
        return new(mean, Math.Sqrt(losses.Sum(loss => (loss - mean) * (loss - mean)) / (losses.Length - 1)));
    }

    private static IEnumerable<Point> Points(string table)
    {
        var lines = File.ReadAllLines(table);
        var columns = lines[0].Split(',');
        foreach (var line in lines[1..])
        {
            var fields = columns.Zip(line.Split(',')).ToDictionary(field => field.First, field => field.Second);
            var point = new Point(
                fields["trainer"], (int)Number("batch_size"), Number("learning_rate"),
                new(Number("test_loss"), Number("test_loss_standard_deviation")));
            if (BatchSizes.Contains(point.BatchSize)) yield return point;

            double Number(string column) => double.Parse(fields[column], CultureInfo.InvariantCulture);
        }
    }

    private sealed record Point(string Trainer, int BatchSize, double LearningRate, Loss Loss);

    private readonly record struct Loss(double Mean, double Deviation);
}
