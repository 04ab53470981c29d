using System.CommandLine;
using Focus;
using Microsoft.ML;
using Mnist;
using Samples;

Option<string> data = new("--data") { Description = "Folder with the four MNIST files, plain or .gz", HelpName = "folder", Required = true };
Option<bool> download = new("--download") { Description = "Download files that are missing into the folder first" };
Option<string> optimizer = new("--optimizer")
{
    Description = "The optimizer: any of the library's, such as focus, signum, adamw or lion, or focus-γ", HelpName = "name",
    DefaultValueFactory = _ => "focus",
};
Option<int> batchSize = new("--batch-size") { Description = "Images per step", DefaultValueFactory = _ => 64 };
Option<double?> learningRate = new("--learning-rate")
{
    Description = "The learning rate [default: 1e-3 for focus, signum and adamw, the optimizer's own for others]", HelpName = "number",
};
Option<long> steps = new("--steps") { Description = "Training steps", DefaultValueFactory = _ => 400 };
Option<int> seed = new("--seed") { Description = "Seed of weights and data order", DefaultValueFactory = _ => 1 };
Option<string> model = new("--model") { Description = "File to save the model to", HelpName = "file", DefaultValueFactory = _ => "mnist.zip" };

var command = new RootCommand("Trains the paper's MNIST network (784-128-128-128-128-128-10, batch normalisation), evaluates it and saves it.")
{
    data, download, optimizer, batchSize, learningRate, steps, seed, model, ScanCommand.Create(), BatchSizeFigures.CreateCommand(),
};
command.Run(
    (parsed, cancellation) =>
    {
        var path = Path.GetFullPath(parsed.GetRequiredValue(model));
        RequireWritable(path); // Before the training, not after it.
        var name = parsed.GetRequiredValue(optimizer);
        var settings = NamedOptimizers.Create(name, parsed.GetValue(learningRate));

        var mlContext = new MLContext(parsed.GetValue(seed));
        var train = Load(mlContext, parsed, MnistSplit.Train, cancellation);
        var test = Load(mlContext, parsed, MnistSplit.Test, cancellation);

        TrainingProgress last = default;
        var trained = Bars.Show(bars =>
        {
            var bar = bars.Add<TrainingProgress>(name, state => (state.Step, parsed.GetValue(steps), $"loss {state.Loss:F3}"));
            var trainer = mlContext.Focus.Trainers.Mlp(new MlpTrainer.Options
            {
                Optimizer = settings,
                BatchSize = parsed.GetValue(batchSize),
                MaxSteps = parsed.GetValue(steps),
                EvaluationSet = test,
                CancellationToken = cancellation,
                Progress = new Reporter<TrainingProgress>(state => bar.Report(last = state)),
            });
            return trainer.Fit(train);
        });
        cancellation.ThrowIfCancellationRequested();
        var metrics = mlContext.MulticlassClassification.Evaluate(trained.Transform(test));
        mlContext.Model.Save(trained, train.Schema, path);

        Console.WriteLine($"Steps          {last.Step} in {last.Elapsed.TotalSeconds:F1} s ({last.Step / last.Elapsed.TotalSeconds:F0} steps/s)");
        Console.WriteLine($"Test loss      {last.Evaluation!.Value.Loss:F4}");
        Console.WriteLine($"Test accuracy  {metrics.MicroAccuracy:P2}");
        Console.WriteLine(metrics.ConfusionMatrix.GetFormattedConfusionTable());
        Console.WriteLine($"Model saved to {path}");
    },
    "interrupted. No model was saved.");
return await command.RunAsync(args);

static void RequireWritable(string path)
{
    if (Directory.Exists(path)) throw new IOException($"'{path}' is a folder; --model names the file to save the model to.");
    if (!Directory.Exists(Path.GetDirectoryName(path)))
        throw new DirectoryNotFoundException($"There is no folder '{Path.GetDirectoryName(path)}' for --model; create it, or name another.");
}

IDataView Load(MLContext mlContext, ParseResult parsed, MnistSplit split, CancellationToken cancellation)
{
    var folder = parsed.GetRequiredValue(data);
    if (!parsed.GetValue(download)) return MnistFiles.Load(mlContext, folder, split);
    return Bars.Show(bars =>
    {
        var files = new Dictionary<string, IProgress<MnistDownloadProgress>>();
        var progress = new Reporter<MnistDownloadProgress>(state =>
        {
            if (!files.TryGetValue(state.FileName, out var bar))
                files[state.FileName] = bar = bars.Add<MnistDownloadProgress>(state.FileName, file => (file.BytesReceived, file.TotalBytes, ""));
            bar.Report(state);
        });
        return mlContext.Focus.Data.LoadMnist(folder, split, new MnistDownload { CancellationToken = cancellation, Progress = progress });
    });
}
