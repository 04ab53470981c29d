using Focus;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace ToyLandscapes;

/// <summary>Shows how far a scan is, its speed and the time left.</summary>
internal sealed class ScanProgressBar : IProgress<ScanProgress>
{
    private readonly ProgressTask task;

    private ScanProgressBar(ProgressTask task) => this.task = task;

    public static void Show(string title, Action<IProgress<ScanProgress>> scan) => AnsiConsole.Progress()
        .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new SpeedColumn(), new RemainingTimeColumn())
        .Start(context =>
        {
            var task = context.AddTask(title, maxValue: double.PositiveInfinity);
            scan(new ScanProgressBar(task));
            // Full, also where there was nothing to do.
            task.MaxValue = task.Value = Math.Max(1, task.Value);
        });

    // Called by several threads, and not always in order.
    public void Report(ScanProgress progress)
    {
        lock (task)
        {
            task.MaxValue = (double)progress.Steps / progress.Cells * progress.TotalCells;
            task.Value = Math.Max(task.Value, progress.Steps);
        }
    }

    private sealed class SpeedColumn : ProgressColumn
    {
        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text(task.Speed is { } speed ? $"{speed / 1e6:F1} M steps/s" : "");
    }
}
