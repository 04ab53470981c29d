using Spectre.Console;

namespace Samples;

/// <summary>Progress bars on the console; lines of text where output is not a terminal.</summary>
internal sealed class Bars
{
    private readonly ProgressContext context;
    private readonly List<ProgressTask> tasks = [];

    private Bars(ProgressContext context) => this.context = context;

    /// <summary>Does work that shows its progress.</summary>
    public static T Show<T>(Func<Bars, T> work) => AnsiConsole.Progress()
        .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
        .Start(context =>
        {
            var bars = new Bars(context);
            var result = work(bars);
            foreach (var task in bars.tasks) task.Value = task.MaxValue; // Also where there was nothing to do.
            return result;
        });

    /// <summary>Adds a bar, and returns what moves it.</summary>
    /// <param name="title">What is under way.</param>
    /// <param name="read">How much is done, of how much, and a remark.</param>
    public IProgress<T> Add<T>(string title, Func<T, (double Done, double? Total, string Remark)> read)
    {
        var task = context.AddTask(Markup.Escape(title));
        tasks.Add(task);
        return new Reporter<T>(value =>
        {
            var (done, total, remark) = read(value);
            lock (task)
            {
                if (total is { } all) task.MaxValue = all;
                task.Value = Math.Max(task.Value, done); // Threads do not report in order.
                task.Description = Markup.Escape($"{title} {remark}");
            }
        });
    }
}

/// <summary>Passes progress on at once and on the same thread; <see cref="Progress{T}"/> does so later and elsewhere.</summary>
internal sealed class Reporter<T>(Action<T> report) : IProgress<T>
{
    public void Report(T value) => report(value);
}
