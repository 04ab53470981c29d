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
        var options = settings.Training() with
        {
            CheckpointFolder = folder.Checkpoints,
            MetricsFile = folder.Metrics,
            TensorBoardFolder = folder.TensorBoard,
            Resume = true,
            Progress = progress,
            CancellationToken = cancellation,
        };
        options.Validate();
        var config = settings.Model(data.VocabularySize);
        config.Validate();
        SettingsFile.Write(folder.Settings, settings);
        data.CopyMetadata(folder.Tokens);

        using var model = new Gpt2(config, settings.Seed);
        var result = Train(model, options, data);
        result?.Write(folder.Result);
        return result;
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
}
