using System.CommandLine;
using Samples;

namespace Mnist;

/// <summary>The command line of a single training.</summary>
internal static class TrainingCommand
{
    public static RootCommand Create()
    {
        var data = new Option<string>("--data") { Description = "Folder with the four MNIST files, plain or .gz", Required = true };
        var download = new Option<bool>("--download") { Description = "Download the files into the folder first, where they are missing" };
        var optimizer = new Option<string>("--optimizer") { Description = "The optimizer", DefaultValueFactory = _ => "focus" };
        optimizer.AcceptOnlyFromAmong("focus", "signum", "adamw");
        var batchSize = new Option<int>("--batch-size") { Description = "Images per step", DefaultValueFactory = _ => 64 };
        var learningRate = new Option<double>("--learning-rate") { Description = "The learning rate", DefaultValueFactory = _ => 1e-3 };
        var steps = new Option<long>("--steps") { Description = "Training steps", DefaultValueFactory = _ => 400 };
        var seed = new Option<int>("--seed") { Description = "Seeds weights and data order", DefaultValueFactory = _ => 1 };
        var model = new Option<string>("--model") { Description = "Where to save the model", DefaultValueFactory = _ => "mnist.zip" };

        var command = new RootCommand("Trains the paper's MNIST network (784-128-128-128-128-128-10, batch normalisation), evaluates it and saves it.")
        {
            data, download, optimizer, batchSize, learningRate, steps, seed, model,
        };
        command.Run(
            (parsed, cancellation) => Training.Run(
                new Settings(
                    parsed.GetRequiredValue(data), parsed.GetValue(download), parsed.GetRequiredValue(optimizer), parsed.GetValue(batchSize),
                    parsed.GetValue(learningRate), parsed.GetValue(steps), parsed.GetValue(seed), parsed.GetRequiredValue(model)),
                cancellation),
            "interrupted. No model was saved.");
        return command;
    }
}
