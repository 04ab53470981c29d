using Focus;
using Microsoft.ML;
using Spectre.Console;

namespace Mnist;

/// <summary>Trains, evaluates and saves.</summary>
internal static class Training
{
    /// <exception cref="OperationCanceledException">The training was interrupted; nothing is saved.</exception>
    public static void Run(Settings settings, CancellationToken cancellation)
    {
        RequireFolderOf(settings.Model);
        var mlContext = new MLContext(settings.Seed);
        var train = Load(mlContext, settings, MnistSplit.Train, cancellation);
        var test = Load(mlContext, settings, MnistSplit.Test, cancellation);

        var (model, last) = Fit(mlContext, settings, train, test, cancellation);
        cancellation.ThrowIfCancellationRequested();
        var metrics = mlContext.MulticlassClassification.Evaluate(model.Transform(test));
        mlContext.Model.Save(model, train.Schema, settings.Model);

        var seconds = last.Elapsed.TotalSeconds;
        AnsiConsole.MarkupLineInterpolated($"Steps          {last.Step} in {seconds:F1} s ({last.Step / seconds:F0} steps/s)");
        if (last.Evaluation is { } evaluation) AnsiConsole.MarkupLineInterpolated($"Test loss      {evaluation.Loss:F4}");
        AnsiConsole.MarkupLineInterpolated($"Test accuracy  {metrics.MicroAccuracy:P2}");
        Console.WriteLine(metrics.ConfusionMatrix.GetFormattedConfusionTable());
        AnsiConsole.MarkupLineInterpolated($"Model saved to {Path.GetFullPath(settings.Model)}");
    }

    /// <summary>Says before the training what would otherwise be found after it.</summary>
    private static void RequireFolderOf(string model)
    {
        var path = Path.GetFullPath(model);
        if (Directory.Exists(path)) throw new IOException($"'{path}' is a folder; --model names the file to save the model to.");
        if (!Directory.Exists(Path.GetDirectoryName(path)))
            throw new DirectoryNotFoundException(
                $"There is no folder '{Path.GetDirectoryName(path)}' to save the model in; create it, or choose another --model.");
    }

    private static IDataView Load(MLContext mlContext, Settings settings, MnistSplit split, CancellationToken cancellation)
    {
        if (!settings.Download) return mlContext.Focus.Data.LoadMnist(settings.Data, split);
        return AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new DownloadedColumn(), new TransferSpeedColumn())
            .Start(progress =>
            {
                var tasks = new Dictionary<string, ProgressTask>();
                var reporter = new Reporter<MnistDownloadProgress>(state =>
                {
                    if (!tasks.TryGetValue(state.FileName, out var task)) tasks[state.FileName] = task = progress.AddTask(state.FileName);
                    task.MaxValue = state.TotalBytes ?? task.MaxValue;
                    task.Value = state.BytesReceived;
                });
                return mlContext.Focus.Data.LoadMnist(
                    settings.Data, split, new MnistDownload { CancellationToken = cancellation, Progress = reporter });
            });
    }

    private static (ITransformer Model, TrainingProgress Last) Fit(
        MLContext mlContext, Settings settings, IDataView train, IDataView test, CancellationToken cancellation)
    {
        TrainingProgress last = default;
        var model = AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(progress =>
            {
                var optimizer = PaperOptimizers.Create(settings.Optimizer, settings.LearningRate);
                var task = progress.AddTask(settings.Optimizer, maxValue: settings.Steps);
                return mlContext.Focus.Trainers.Mlp(new MlpTrainer.Options
                {
                    Optimizer = optimizer,
                    BatchSize = settings.BatchSize,
                    MaxSteps = settings.Steps,
                    EvaluationSet = test,
                    CancellationToken = cancellation,
                    Progress = new Reporter<TrainingProgress>(state =>
                    {
                        last = state;
                        task.Value = state.Step;
                        task.Description = $"{settings.Optimizer}, loss {state.Loss:F3}";
                    }),
                }).Fit(train);
            });
        return (model, last);
    }

    /// <summary>Reports in step with the training, where <see cref="Progress{T}"/> would do so later and from elsewhere.</summary>
    private sealed class Reporter<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
