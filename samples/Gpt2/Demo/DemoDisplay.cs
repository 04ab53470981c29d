using System.Diagnostics;
using Focus;
using Spectre.Console;
using static System.FormattableString;

namespace Gpt2Sample;

/// <summary>Shows loss curves as they fall. Where output is no terminal, a line from time to time, and the curves at the end.</summary>
internal sealed class DemoDisplay
{
    /// <summary>The lines of a run, at most, where output is no terminal.</summary>
    private const int Lines = 10;

    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(200);

    private readonly LossChart chart;
    private readonly IReadOnlyList<string> names;
    private readonly LiveDisplayContext? live;
    private readonly Stopwatch sinceRefresh = Stopwatch.StartNew();

    private DemoDisplay(IReadOnlyList<string> names, long steps, LiveDisplayContext? live)
        => (this.names, chart, this.live) = (names, new LossChart(names, steps), live);

    /// <summary>Runs with a display of some runs' losses.</summary>
    public static void Show(IReadOnlyList<string> names, long steps, Action<DemoDisplay> run)
    {
        if (AnsiConsole.Profile.Out.IsTerminal)
        {
            AnsiConsole.Live(new Text("")).Start(context =>
            {
                var display = new DemoDisplay(names, steps, context);
                run(display);
                context.UpdateTarget(display.chart.Draw());
            });
            return;
        }
        var lines = new DemoDisplay(names, steps, live: null);
        run(lines);
        AnsiConsole.Write(lines.chart.Draw());
        AnsiConsole.WriteLine();
    }

    /// <summary>Receives the progress of a run.</summary>
    public Curve Of(int run) => new(this, run);

    private void Report(int run, Gpt2Progress value)
    {
        chart.Add(run, value.Step, value.Loss);
        var step = Invariant($"{names[run],-6}  step {value.Step,4} of {value.TotalSteps}");
        var status = Invariant($"{step}  loss {value.Loss:F3}  {value.TokensPerSecond,7:N0} tokens/s");
        if (live is not null && sinceRefresh.Elapsed > Refresh)
        {
            live.UpdateTarget(new Rows(chart.Draw(), new Text(status)));
            sinceRefresh.Restart();
        }
        if (live is null && value.Step * Lines / value.TotalSteps > (value.Step - 1) * Lines / value.TotalSteps) AnsiConsole.WriteLine(status);
    }

    /// <summary>The progress of a run.</summary>
    public sealed class Curve(DemoDisplay display, int run) : IProgress<Gpt2Progress>
    {
        /// <summary>The last that was reported.</summary>
        public Gpt2Progress? Last { get; private set; }

        public void Report(Gpt2Progress value)
        {
            Last = value;
            display.Report(run, value);
        }
    }
}
