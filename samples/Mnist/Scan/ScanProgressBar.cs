using Focus;
using Samples;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Mnist;

/// <summary>Shows how many runs are finished, their speed and the time left.</summary>
internal sealed class ScanProgressBar : IProgress<TrainingScanProgress>
{
    private readonly ProgressTask task;
    private readonly PaceColumn pace;

    private ScanProgressBar(ProgressTask task, PaceColumn pace) => (this.task, this.pace) = (task, pace);

    public static void Show(Action<IProgress<TrainingScanProgress>> scan)
    {
        var pace = new PaceColumn();
        AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), pace)
            .Start(context =>
            {
                var task = context.AddTask("Runs", maxValue: 1);
                scan(new ScanProgressBar(task, pace));
                task.Value = 1; // Also where there was nothing to do.
            });
    }

    public void Report(TrainingScanProgress progress)
    {
        lock (task)
        {
            task.Description = $"Run {progress.Runs} of {progress.TotalRuns}";
            if (progress.Remaining is { } remaining) task.Value = progress.Elapsed / (progress.Elapsed + remaining);
            pace.Progress = progress;
        }
    }

    private sealed class PaceColumn : ProgressColumn
    {
        public TrainingScanProgress Progress { get; set; }

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text(Progress.Remaining is { } remaining
                ? $"{Progress.Runs / Progress.Elapsed.TotalHours:F0} runs/h, {Durations.Text(remaining)} left" : "");
    }
}
