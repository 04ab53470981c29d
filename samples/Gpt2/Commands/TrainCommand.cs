using System.CommandLine;
using Focus;
using Samples;
using Spectre.Console;

namespace Gpt2Sample;

/// <summary>Trains one model.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var output = new Option<string>("--out")
        {
            Description = "Folder of settings, metrics (JSON lines, TensorBoard), checkpoints and result",
            HelpName = "folder",
            Required = true,
        };
        var resume = new Option<bool>("--resume")
        {
            Description = "Go on from the newest checkpoint in --out, with the settings there where none are given",
        };
        var command = new Command("train", "Trains a model as a preset or a configuration file says; options change single settings.")
        {
            output, resume,
        };
        var settings = new SettingOptions(command, forOptimizers: true);
        command.Run(
            (parsed, cancellation) =>
            {
                var folder = new RunFolder(parsed.GetRequiredValue(output));
                Train(settings.Read(parsed, Earlier(folder, parsed.GetValue(resume))), folder, cancellation);
            },
            "interrupted. The checkpoint is written; the same command with --resume goes on from there.");
        return command;
    }

    /// <summary>The settings of the run to resume; null for a new run.</summary>
    private static RunSettings? Earlier(RunFolder folder, bool resume)
    {
        var newest = Gpt2Checkpoint.Newest(folder.Checkpoints);
        if (resume && newest is null) throw new ArgumentException($"There is no checkpoint in '{folder.Checkpoints}' to resume from.");
        if (!resume && newest is not null)
            throw new ArgumentException(
                $"'{folder.Path}' holds a run ({Path.GetFileName(newest)}); give --resume to go on with it, or another --out.");
        return resume && File.Exists(folder.Settings) ? SettingsFile.Read(folder.Settings, new RunSettings()) : null;
    }

    private static void Train(RunSettings settings, RunFolder folder, CancellationToken cancellation)
    {
        var optimizer = settings.ChosenOptimizer();
        var result = TrainingDisplay.Show(optimizer.Name, progress => TrainingRun.Complete(settings, folder, progress, cancellation))
            ?? throw new OperationCanceledException(cancellation);
        if (result.Divergence is { } divergence) throw new InvalidOperationException(divergence);
        if (result.TrainLoss is { } train) AnsiConsole.WriteLine(FormattableString.Invariant($"Train loss       {train:F4}"));
        if (result.ValidationLoss is { } last) AnsiConsole.WriteLine(FormattableString.Invariant($"Validation loss  {last:F4}"));
        if (result.BestValidationLoss is { } best) AnsiConsole.WriteLine(FormattableString.Invariant($"Lowest so far    {best:F4}"));
        AnsiConsole.WriteLine($"Model            {Gpt2Checkpoint.Newest(folder.Checkpoints)}");
        AnsiConsole.WriteLine($"Metrics          {folder.Metrics}, {folder.TensorBoard} (TensorBoard)");
    }
}
