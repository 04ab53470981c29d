using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Focus;
using Microsoft.ML;
using Microsoft.ML.Data;
using Samples;
using static TorchSharp.torch;

namespace Mnist;

/// <summary>The scan over optimizers, batch sizes and learning rates: a <see cref="TrainingScan"/> over <see cref="ClassifierTraining"/>.</summary>
internal static class ScanCommand
{
    private const int Pixels = 784, Classes = 10;

    /// <summary>What is recorded of a run, in the published order.</summary>
    private const int TrainLoss = 0, TestLoss = 1, TestAccuracy = 2;

    private static readonly int[] HiddenWidths = [128, 128, 128, 128, 128];

    public static Command Create()
    {
        Option<string> data = new("--data") { Description = "Folder with the four MNIST files, plain or .gz", HelpName = "folder", Required = true };
        Option<string> output = new("--out")
        {
            Description = "Folder of results; runs that are finished there are skipped", HelpName = "folder",
            DefaultValueFactory = _ => "mnist-scan",
        };
        var optimizers = Lists.Option(
            "--optimizers",
            "Any of the library's optimizers, such as lion, or focus-γ, separated by commas or spaces [default: adamw,signum,focus-0.2,focus-0.4]",
            NamedOptimizers.Plain);
        var batchSizes = Lists.Option("--batch-sizes", "Images per step [default: 2, 4, 8 and so on up to 4096]", ParseSize);
        var learningRates = Lists.Option(
            "--learning-rates", "Learning rates [default: 20 from 1e-4 to 1, evenly on a logarithmic axis]", text => Lists.Number(text));
        Option<int> replicates = new("--replicates") { Description = "Runs of each setting", DefaultValueFactory = _ => 3 };
        Option<int> steps = new("--steps") { Description = "Training steps of each run", DefaultValueFactory = _ => 400 };
        Option<int> evaluateEvery = new("--evaluate-every")
        {
            Description = "Steps between evaluations on the test set; 0 for one after the last step",
        };
        Option<long> seed = new("--seed") { Description = "Seed of all runs", DefaultValueFactory = _ => 1 };
        Option<string> shard = new("--shard")
        {
            Description = "Part i/n of the runs, such as 2/8, for n machines", HelpName = "i/n", DefaultValueFactory = _ => "1/1",
        };
        Option<int> workers = new("--workers")
        {
            Description = "Runs at a time, each on one core", DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        var command = new Command(
            "scan", "Trains with every optimizer, batch size and learning rate, and draws the paper's figures 2c and 2d: 2,880 runs by default.")
        {
            data, output, optimizers, batchSizes, learningRates, replicates, steps, evaluateEvery, seed, shard, workers,
        };
        command.Run(
            (parsed, cancellation) =>
            {
                RequireAtLeast(0, evaluateEvery, parsed);
                RequireAtLeast(1, workers, parsed);
                var names = parsed.GetValue(optimizers) ?? ["adamw", "signum", "focus-0.2", "focus-0.4"];
                using var train = Data.Load(parsed.GetRequiredValue(data), MnistSplit.Train);
                using var test = Data.Load(parsed.GetRequiredValue(data), MnistSplit.Test);
                var plan = new ScanPlan
                {
                    Settings = new JsonObject
                    {
                        ["data"] = new JsonObject { ["train"] = train.Describe(), ["test"] = test.Describe() },
                        ["network"] = $"{string.Join('-', [Pixels, .. HiddenWidths, Classes])}, batch normalisation, ReLU",
                        ["optimizers"] = new JsonObject(
                            names.Select(name => KeyValuePair.Create(name, DescribeOptimizer(name)))),
                        ["evaluate_every"] = parsed.GetValue(evaluateEvery),
                    },
                    Trainers = names,
                    BatchSizes = parsed.GetValue(batchSizes) ?? [.. Enumerable.Range(1, 12).Select(power => 1 << power)],
                    LearningRates = parsed.GetValue(learningRates) ?? Grid.LogSpace(1e-4, 1, 20),
                    Metrics = ["train_loss", "test_loss", "test_accuracy"],
                    Replicates = parsed.GetValue(replicates),
                    Steps = parsed.GetValue(steps),
                    Seed = parsed.GetValue(seed),
                };
                plan.Validate();
                var part = Shard.Parse(parsed.GetRequiredValue(shard));
                part.Of(plan.RunCount, "runs");
                foreach (var size in plan.BatchSizes)
                {
                    if (size < 2 || size > train.Rows.Count) // Batch normalisation needs two images.
                        throw new ArgumentException($"--batch-sizes holds {size}; valid is 2 to {train.Rows.Count}, the training images.");
                }

                // A run on one thread has the same bits whatever else runs, and cores that do not wait for each other make the most runs.
                TorchThreads.UseOne();
                var folder = parsed.GetRequiredValue(output);
                var scan = new TrainingScan(plan, folder);
                var clock = Stopwatch.StartNew();
                Bars.Show(bars =>
                {
                    var bar = bars.Add<TrainingScanProgress>("Runs", Show);
                    scan.Run(
                        (run, metrics, stop) => Train(plan, run, parsed.GetValue(evaluateEvery), train.Rows, test.Rows, metrics, stop),
                        part, Cost, bar, parsed.GetValue(workers), cancellation);
                    return scan;
                });
                Console.WriteLine($@"Trained for {clock.Elapsed:d\.hh\:mm\:ss\.f}.");
                Publish(scan, folder);
            },
            "interrupted. Finished runs are kept in --out; run the same command again to resume.");
        return command;
    }

    /// <summary>Trains a network and records its losses.</summary>
    private static void Train(
        ScanPlan plan, ScanRun run, int evaluateEvery, ClassificationData train, ClassificationData test, RunMetrics metrics,
        CancellationToken cancellation)
    {
        using var network = new Mlp(Pixels, HiddenWidths, Classes, batchNormalization: true, run.Seed);
        var options = new TrainingOptions
        {
            Optimizer = NamedOptimizers.Create(plan.Trainers[run.Trainer], run.LearningRate),
            BatchSize = run.BatchSize,
            MaxSteps = plan.Steps,
            Seed = run.Seed,
            EvaluationInterval = evaluateEvery,
            CancellationToken = cancellation,
            Progress = new Reporter<TrainingProgress>(state =>
            {
                var step = (int)state.Step;
                metrics[TrainLoss, step] = (float)state.Loss;
                if (state.Evaluation is not { } evaluation) return;
                metrics[TestLoss, step] = (float)evaluation.Loss;
                metrics[TestAccuracy, step] = (float)evaluation.Accuracy;
            }),
        };
        try
        {
            new ClassifierTraining(network, network.ParameterGroups, options).Run(train, test);
        }
        catch (TrainingDivergedException fault)
        {
            metrics.DivergedAt = (int)fault.Step;
        }
    }

    /// <summary>The time of a run, in that of a step's fixed part: each image adds about 1/40 of it.</summary>
    private static double Cost(ScanRun run) => 1 + run.BatchSize / 40.0;

    private static (double Done, double? Total, string Remark) Show(TrainingScanProgress state)
    {
        var share = state.Remaining is { } remaining ? state.Elapsed / (state.Elapsed + remaining) : 0;
        return (share, 1, $"{state.Runs} of {state.TotalRuns}, {state.Runs / state.Elapsed.TotalHours:F0} per hour");
    }

    private static void Publish(TrainingScan scan, string folder)
    {
        var table = Path.Combine(folder, "best.csv");
        var results = scan.Read();
        Publishing.Publish(() => scan.Read().FinishedRuns, () =>
        {
            results = scan.Read();
            results.WriteArrays(folder, "scan-18");
            results.WriteCsv(table, TestLoss);
            BatchSizeFigures.Draw(table, folder);
        });
        BatchSizeFigures.Print(table);
        Console.WriteLine(
            $"{results.FinishedRuns} of {results.Plan.RunCount} runs are finished, {results.DivergedRuns} of them diverged. "
            + $"Results: {Path.GetFullPath(folder)}");
    }

    /// <summary>All settings but the learning rate, which the scan varies.</summary>
    private static JsonNode? DescribeOptimizer(string name)
    {
        var options = NamedOptimizers.Create(name, learningRate: 0);
        var settings = JsonSerializer.SerializeToNode(options, options.GetType())!;
        settings.AsObject().Remove(nameof(OptimizerSettings.LearningRate));
        return settings;
    }

    private static void RequireAtLeast(int minimum, Option<int> option, ParseResult parsed)
    {
        if (parsed.GetValue(option) is var value && value < minimum)
            throw new ArgumentException($"{option.Name} is {value}; valid is a whole number, at least {minimum}.");
    }

    private static int ParseSize(string text) =>
        int.TryParse(text, CultureInfo.InvariantCulture, out var size) ? size : throw new ArgumentException($"'{text}' is not a whole number.");

    /// <summary>Images and labels as tensors, which all runs share, and SHA-256 sums of their numbers.</summary>
    private sealed record Data(ClassificationData Rows, string Images, string Labels) : IDisposable
    {
        public static Data Load(string folder, MnistSplit split)
        {
            var view = MnistFiles.Load(new MLContext(), folder, split);
            var features = view.GetColumn<float[]>("Features").SelectMany(image => image).ToArray();
            var labels = view.GetColumn<uint>("Label").Select(key => key - 1L).ToArray();
            var rows = new ClassificationData(tensor(features).reshape(labels.Length, Pixels), tensor(labels));
            return new(rows, Hash<float>(features), Hash<long>(labels));
        }

        /// <summary>Distinguishes these data from others in the results' manifest.</summary>
        public JsonObject Describe() => new() { ["rows"] = Rows.Count, ["images_sha256"] = Images, ["labels_sha256"] = Labels };

        public void Dispose() => Rows.Dispose();

        private static string Hash<T>(ReadOnlySpan<T> values) where T : struct =>
            Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(values)));
    }
}
