using Focus;
using Samples;
using Spectre.Console;
using static System.FormattableString;

namespace Gpt2Sample;

/// <summary>Shows how a run goes: a bar with loss, rate, speed and time left, and a line for each evaluation. Where output is no
/// terminal, lines only.</summary>
internal sealed class TrainingDisplay : IProgress<Gpt2Progress>
{
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(30);

    private readonly string title;
    private readonly ProgressTask? bar;
    private TimeSpan? lastLine;

    private TrainingDisplay(string title, ProgressTask? bar) => (this.title, this.bar) = (title, bar);

    /// <summary>Runs with a display of its progress.</summary>
    public static T Show<T>(string title, Func<IProgress<Gpt2Progress>, T> run)
    {
        if (!AnsiConsole.Profile.Out.IsTerminal) return run(new TrainingDisplay(title, bar: null));
        return AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context => run(new TrainingDisplay(title, context.AddTask(Markup.Escape(title)))));
    }

    public void Report(Gpt2Progress value)
    {
        if (bar is not null)
        {
            (bar.MaxValue, bar.Value) = (value.TotalSteps, value.Step);
            bar.Description = Markup.Escape(
                Invariant($"{title}  loss {value.Loss:F3}  rate {value.LearningRate:E1}  {value.TokensPerSecond:N0} tokens/s"));
        }
        if (value.Evaluation is null && (bar is not null || value.Elapsed - (lastLine ??= value.Elapsed) < LineInterval)) return;
        lastLine = value.Elapsed;
        AnsiConsole.WriteLine(Line(title, value));
    }

    /// <summary>What is said of a step.</summary>
    public static string Line(string title, Gpt2Progress value)
    {
        var losses = value.Evaluation is { } evaluation
            ? Invariant($"train {evaluation.TrainLoss:F4}  validation {evaluation.ValidationLoss:F4}")
            : Invariant($"loss {value.Loss:F4}");
        var left = value.Elapsed / value.Step * (value.TotalSteps - value.Step);
        return Invariant($"{title}  step {value.Step} of {value.TotalSteps}  {losses}  rate {value.LearningRate:E1}  ") +
            Invariant($"{value.TokensPerSecond:N0} tokens/s  {Durations.Text(left)} left");
    }
}
