using System.CommandLine;
using Focus;
using Samples;

namespace Mnist;

/// <summary>The command line of the scan over optimizers, batch sizes and learning rates.</summary>
internal static class ScanCommand
{
    public static Command Create()
    {
        var data = new Option<string>("--data") { Description = "Folder with the four MNIST files, plain or .gz", Required = true };
        var output = new Option<string>("--out")
        {
            Description = "The folder of results; what is finished there is not made again",
            DefaultValueFactory = _ => "mnist-scan",
        };
        var optimizers = List("--optimizers", "adamw, signum, focus (γ 0.2) or focus-γ", "adamw", "signum", "focus-0.2", "focus-0.4");
        var batchSizes = List("--batch-sizes", "Images per step", [.. Enumerable.Range(1, 12).Select(power => 1 << power)]);
        var learningRates = List("--learning-rates", "Learning rates; by default 20 from 1e-4 to 1, evenly on a logarithmic axis", Grid.LogSpace(1e-4, 1, 20));
        var replicates = new Option<int>("--replicates") { Description = "Runs of each setting", DefaultValueFactory = _ => 3 };
        var steps = new Option<int>("--steps") { Description = "Training steps of each run", DefaultValueFactory = _ => 400 };
        var evaluateEvery = new Option<int>("--evaluate-every")
        {
            Description = "Steps between evaluations on the test set; 0 for one after the last step",
        };
        var seed = new Option<long>("--seed") { Description = "Seeds all runs", DefaultValueFactory = _ => 1 };
        var shard = new Option<string>("--shard") { Description = "Part i/n of the runs, such as 2/8, for n machines", DefaultValueFactory = _ => "1/1" };
        var workers = new Option<int>("--workers")
        {
            Description = "Runs at a time, each on one core",
            DefaultValueFactory = _ => Environment.ProcessorCount,
        };

        var command = new Command(
            "scan", "Trains with every optimizer, batch size and learning rate, and draws the paper's figures 2c and 2d: 2,880 runs by default.")
        {
            data, output, optimizers, batchSizes, learningRates, replicates, steps, evaluateEvery, seed, shard, workers,
        };
        command.Run(
            (parsed, cancellation) => Scan.Run(
                new ScanSettings(
                    parsed.GetRequiredValue(data), parsed.GetRequiredValue(output), parsed.GetRequiredValue(optimizers),
                    parsed.GetRequiredValue(batchSizes), parsed.GetRequiredValue(learningRates), parsed.GetValue(replicates),
                    parsed.GetValue(steps), parsed.GetValue(evaluateEvery), parsed.GetValue(seed), parsed.GetRequiredValue(shard),
                    parsed.GetValue(workers)),
                cancellation),
            "interrupted. Finished runs are kept in --out; the same command goes on from there.");
        return command;
    }

    private static Option<T[]> List<T>(string name, string description, params T[] all) => new(name)
    {
        Description = description,
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => all,
    };
}
