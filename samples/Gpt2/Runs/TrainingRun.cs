using Focus;

namespace Gpt2Sample;

/// <summary>Trains a model as settings say, and leaves everything in a folder.</summary>
internal static class TrainingRun
{
    /// <summary>Trains from the start, or from the folder's newest checkpoint on.</summary>
    /// <param name="settings">The run.</param>
    /// <param name="folder">Where it leaves settings, metrics, checkpoints and result.</param>
    /// <param name="progress">Is told of every step.</param>
    /// <param name="cancellation">Ends the run with a checkpoint.</param>
    /// <returns>The result, or null where the run was cancelled.</returns>
    public static RunResult? Complete(
        RunSettings settings, RunFolder folder, IProgress<Gpt2Progress> progress, CancellationToken cancellation)
    {
        using var data = TrainingData.Open(settings.Data);
        Validate(settings, data);
        // Whether these settings can go on with a run that is there already shows once its next step is reported.
        if (Gpt2Checkpoint.Newest(folder.Checkpoints) is null) Describe();
        else progress = new AtFirst(Describe, progress);
        var options = settings.Training() with
        {
            CheckpointFolder = folder.Checkpoints,
            MetricsFile = folder.Metrics,
            TensorBoardFolder = folder.TensorBoard,
            Resume = true,
            Progress = progress,
            CancellationToken = cancellation,
        };
        using var model = new Gpt2(settings.Model(data.VocabularySize), settings.Seed);
        var result = Train(model, options, data);
        result?.Write(folder.Result);
        return result;

        void Describe()
        {
            SettingsFile.Write(folder.Settings, settings);
            data.CopyMetadata(folder.Tokens);
        }
    }

    /// <summary>Finds what would keep a run from starting.</summary>
    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    /// <exception cref="FileNotFoundException">There are no tokens.</exception>
    public static void Validate(RunSettings settings)
    {
        using var data = TrainingData.Open(settings.Data);
        Validate(settings, data);
    }

    private static void Validate(RunSettings settings, TrainingData data)
    {
        settings.Training().Validate();
        settings.Model(data.VocabularySize).Validate();
    }

    private static RunResult? Train(Gpt2 model, Gpt2TrainingOptions options, TrainingData data)
    {
        try
        {
            var result = new Gpt2Training(model, options).Run(data.Train, data.Validation);
            return result.Cancelled
                ? null
                : new(result.Steps, result.Evaluation?.TrainLoss, result.Evaluation?.ValidationLoss, result.BestValidationLoss, null);
        }
        catch (TrainingDivergedException divergence)
        {
            return new(divergence.Step, null, null, null, divergence.Message);
        }
    }

    /// <summary>Does something before the first report is handed on.</summary>
    private sealed class AtFirst(Action act, IProgress<Gpt2Progress> next) : IProgress<Gpt2Progress>
    {
        private bool done;

        public void Report(Gpt2Progress value)
        {
            if (!done) act();
            done = true;
            next.Report(value);
        }
    }
}
