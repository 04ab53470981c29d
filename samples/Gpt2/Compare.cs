using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Focus;
using Microsoft.Extensions.Configuration;
using Samples;
using Spectre.Console;
using static System.FormattableString;

namespace Gpt2Sample;

/// <summary>Compares optimizers: on one preset at several learning rates and seeds, or the runs of a figure of the paper.</summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        Option<string> output = new("--out")
        {
            Description = "Folder of runs, curves (.svg, .png) and table (.csv)", HelpName = "folder", Required = true,
        };
        Option<string?> figure = new("--figure")
        {
            Description = "Instead of optimizers: the runs of this figure of the paper", HelpName = "3a|3b|3c|3d|7|8",
        };
        var optimizers = Lists.Option(
            "--optimizers",
            "The optimizers, separated by commas or spaces, optionally with rates, as focus:1e-3,focus:2e-3,lion; other hyperparameters are those "
            + "of --preset and --config [default: focus,signum,adamw]",
            Entry.Parse);
        var rates = Lists.Option(
            "--learning-rates",
            "Learning rates for those without: the first seed tries each, others take each optimizer's best [default: the preset's]",
            ParseRate);
        Option<int> seeds = new("--seeds") { Description = "How many seeds: 1, 2 and so on", DefaultValueFactory = _ => 1 };
        var losses = Lists.Option(
            "--losses", "Losses, for the steps and the time to reach them [default: three that the best run reaches]", text => Lists.Number(text));
        var command = new Command("compare", "Compares optimizers on the same data in the same order; finished runs are not repeated.")
        {
            output, figure, optimizers, rates, seeds, losses,
        };
        var settings = new SettingOptions(command, forOptimizer: false, nameof(RunSettings.Optimizer), nameof(RunSettings.Seed));
        command.Run(
            (parsed, cancellation) =>
            {
                if (parsed.GetValue(seeds) is < 1 and var count) throw new ArgumentException($"--seeds is {count}; expected at least 1.");
                Entry[] entries = parsed.GetValue(optimizers) ?? [];
                double[] given = parsed.GetValue(rates) ?? [];
                if (parsed.GetValue(figure) is not null && (settings.NamesARun(parsed) || entries.Length > 0 || given.Length > 0))
                    throw new ArgumentException("--figure names the runs; omit --preset, --config, --optimizers and --learning-rates.");
                if (given.Length > 0 && entries.Length > 0 && entries.All(entry => entry.Rate is not null))
                    throw new ArgumentException("--learning-rates is for optimizers without a rate, but all in --optimizers have one; omit it.");
                var groups = parsed.GetValue(figure) is { } name
                    ? RunsOfFigure(name, preset => settings.Read(parsed, Preset.SettingsOf(preset)))
                    : RunsOf(entries, given, (optimizer, rate) => settings.Read(parsed, above: [Choice(optimizer, rate)]));
                var comparison = new Comparison(parsed.GetRequiredValue(output), [.. Enumerable.Range(1, parsed.GetValue(seeds))], cancellation);
                ComparisonReport.Write(parsed.GetRequiredValue(output), comparison.Run(groups), parsed.GetValue(losses) ?? []);
            },
            "interrupted. Finished runs are kept, and the last one has a checkpoint; run the same command again to resume.");
        return command;
    }

    private static Contender[][] RunsOfFigure(string figure, Func<string, RunSettings> read)
    {
        var figures = Preset.Names.SelectMany(name => Preset.Read(name).Figures, (preset, figure) => (Preset: preset, Figure: figure))
            .ToLookup(pair => pair.Figure, pair => pair.Preset);
        return figures.Contains(figure)
            ? [.. figures[figure].Select(name => new[] { new Contender(name, name["paper-".Length..], read(name)) })]
            : throw new ArgumentException($"There is no figure '{figure}'; there are {string.Join(", ", figures.Select(runs => runs.Key).Order())}.");
    }

    /// <summary>Each optimizer at its own rate, or at the given ones.</summary>
    private static Contender[][] RunsOf(Entry[] entries, double[] rates, Func<string, double?, RunSettings> read)
    {
        if (entries.Length == 0) entries = [new("focus", null), new("signum", null), new("adamw", null)];
        var contenders =
            from entry in entries
            from rate in entry.Rate is null && rates.Length > 0 ? rates.Select(given => (double?)given) : [entry.Rate]
            let run = read(entry.Optimizer, rate)
            let text = run.Hyperparameters.LearningRate.ToString(CultureInfo.InvariantCulture)
            select new Contender($"{run.Optimizer}-{text}", $"{run.Hyperparameters.Name}, rate {text}", run);
        return
        [
            .. contenders.DistinctBy(contender => contender.Name).GroupBy(contender => contender.Settings.Optimizer).Select(group => group.ToArray()),
        ];
    }

    /// <summary>An optimizer, and its learning rate if one is given, as a layer.</summary>
    private static IConfiguration Choice(string optimizer, double? rate)
    {
        var settings = new Dictionary<string, string?> { [nameof(RunSettings.Optimizer)] = optimizer };
        var path = $"{NamedOptimizers.Section}:{optimizer}:{nameof(OptimizerSettings.LearningRate)}";
        if (rate is { } given) settings[path] = given.ToString(CultureInfo.InvariantCulture);
        return new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
    }

    private static double ParseRate(string text) => Lists.Number(text, "a learning rate (a number, at least 0)", rate => rate >= 0);

    /// <summary>An optimizer to compare, at a learning rate of its own if it has one.</summary>
    private readonly record struct Entry(string Optimizer, double? Rate)
    {
        /// <summary>Reads a name, or a name and a rate with a colon between.</summary>
        public static Entry Parse(string text)
        {
            var parts = text.Split(':', 2);
            var optimizer = OptimizerNames.Find(parts[0])
                ?? throw new ArgumentException($"There is no optimizer '{parts[0]}'; there are {OptimizerNames.All}.");
            return new(OptimizerNames.Of(optimizer), parts.Length > 1 ? ParseRate(parts[1]) : null);
        }
    }
}

/// <summary>One of the runs that are compared, without its seed: its names in files and in tables, and its settings.</summary>
internal sealed record Contender(string Name, string Label, RunSettings Settings);

/// <summary>A contender's finished runs, one for each seed.</summary>
internal sealed record Outcome(Contender Contender, (int Seed, RunResult Result, LossCurve Curve)[] Runs)
{
    /// <summary>The mean over seeds of the last loss; infinite where a run diverged.</summary>
    public double FinalLoss => Runs.Average(run => run.Result.FinalLoss());

    /// <summary>The standard deviation over seeds of the last loss; 0 for one seed.</summary>
    public double FinalSpread => Spread(Runs.Select(run => run.Result.FinalLoss()));

    /// <summary>The mean curve over the steps at which every run was evaluated, and the standard deviation over seeds.</summary>
    public (LossCurve Mean, double[] Spread) MeanCurve()
    {
        var points = Runs.SelectMany(run => run.Curve.Points).GroupBy(point => point.Step).Where(group => group.Count() == Runs.Length)
            .OrderBy(group => group.Key).ToArray();
        return (
            new([.. points.Select(group => (group.Key, group.Average(point => point.Seconds), group.Average(point => point.Loss)))]),
            Array.ConvertAll(points, group => Spread(group.Select(point => point.Loss))));
    }

    private static double Spread(IEnumerable<double> values)
    {
        var all = values.ToArray();
        var mean = all.Average();
        return all.Length > 1 ? Math.Sqrt(all.Sum(value => (value - mean) * (value - mean)) / (all.Length - 1)) : 0;
    }
}

/// <summary>Runs contenders on the same data in the same order; a run that is over is not repeated.</summary>
/// <param name="folder">Gets a folder for each run.</param>
/// <param name="seeds">At least one.</param>
/// <param name="cancellation">Ends the current run with a checkpoint.</param>
internal sealed class Comparison(string folder, int[] seeds, CancellationToken cancellation)
{
    private const int DifferencesTold = 3;

    /// <summary>Runs all contenders with the first seed, and the best of each group with the others, too.</summary>
    /// <param name="groups">Contenders of which only the best is of interest, such as one optimizer at several learning rates.</param>
    /// <returns>The outcomes of each group, the best first.</returns>
    public Outcome[][] Run(Contender[][] groups)
    {
        // Before hours of training, everything is checked that may keep a run from starting.
        foreach (var contender in groups.SelectMany(group => group))
        {
            TrainingRun.Validate(contender.Settings);
            foreach (var seed in seeds) Finished(RunOf(contender, seed), contender.Settings with { Seed = seed });
        }
        var ranked = Array.ConvertAll(
            groups, group => group.Select(contender => Train(contender, seeds[..1])).OrderBy(outcome => outcome.FinalLoss).ToArray());
        foreach (var group in ranked) group[0] = Train(group[0].Contender, seeds);
        return ranked;
    }

    private Outcome Train(Contender contender, int[] seeds) => new(contender, Array.ConvertAll(seeds, seed =>
    {
        var (run, settings) = (RunOf(contender, seed), contender.Settings with { Seed = seed });
        var result = Finished(run, settings) ?? Train(run, settings, $"{contender.Label}, seed {seed}");
        return (seed, result, LossCurve.Read(run.Metrics, settings.TokensPerStep));
    }));

    private RunResult Train(TrainingRun run, RunSettings settings, string title)
    {
        var result = TrainCommand.Show(title, progress => run.Complete(settings, progress, cancellation));
        AnsiConsole.WriteLine($"{title}: {result.Divergence ?? Invariant($"loss {result.FinalLoss():F4} at the end")}");
        return result;
    }

    private TrainingRun RunOf(Contender contender, int seed) => new(Path.Combine(folder, "runs", $"{contender.Name}-seed-{seed}"));

    /// <summary>The result of an earlier call, which must have had the same settings.</summary>
    private static RunResult? Finished(TrainingRun run, RunSettings settings)
    {
        if (!File.Exists(run.Result)) return null;
        var differences = settings.DifferencesFrom(RunSettings.Of(RunSettings.Open(run.Settings)));
        if (differences.Length > 0)
        {
            var more = differences.Length > DifferencesTold ? $"; and {differences.Length - DifferencesTold} more" : "";
            throw new InvalidDataException(
                $"'{run.Folder}' holds a run with other settings ({string.Join("; ", differences.Take(DifferencesTold))}{more}); "
                + "choose another --out, or delete it.");
        }
        return RunResult.Read(run.Result);
    }
}

/// <summary>The losses of a run's evaluations: on validation data where there are any, otherwise on training data.</summary>
/// <param name="Points">The evaluations, with the time that the steps before them took, evaluations and checkpoints not included, and the
/// loss in nats per token.</param>
internal sealed record LossCurve((double Step, double Seconds, double Loss)[] Points)
{
    /// <summary>Reads the metrics of a run.</summary>
    /// <param name="file">Lines of JSON, one for each step.</param>
    /// <param name="tokensPerStep">The tokens of a step.</param>
    /// <exception cref="InvalidDataException">A line is not the metrics of a step.</exception>
    public static LossCurve Read(string file, long tokensPerStep)
    {
        var points = new List<(double Step, double Seconds, double Loss)>();
        var seconds = 0.0;
        foreach (var (index, line) in File.ReadLines(file).Index())
        {
            try
            {
                using var document = JsonDocument.Parse(line);
                var step = document.RootElement;
                seconds += tokensPerStep / step.GetProperty("tokens_per_second").GetDouble();
                if (step.TryGetProperty("evaluation", out var evaluation))
                    points.Add((step.GetProperty("step").GetDouble(), seconds, Loss(evaluation)));
            }
            catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                throw new InvalidDataException($"'{file}', line {index + 1}: expected the metrics of a step as JSON; {fault.Message}", fault);
            }
        }
        return new([.. points]);
    }

    /// <summary>Where the curve first falls to a loss, on straight lines between evaluations; null where it never does.</summary>
    public (double Step, double Seconds)? FallsTo(double loss)
    {
        var first = Array.FindIndex(Points, point => point.Loss <= loss);
        if (first < 0) return null;
        var after = Points[first];
        if (first == 0) return (after.Step, after.Seconds);
        var before = Points[first - 1];
        var share = (before.Loss - loss) / (before.Loss - after.Loss);
        return (before.Step + share * (after.Step - before.Step), before.Seconds + share * (after.Seconds - before.Seconds));
    }

    private static double Loss(JsonElement evaluation) =>
        evaluation.TryGetProperty("validation_loss", out var loss) ? loss.GetDouble() : evaluation.GetProperty("train_loss").GetDouble();
}

/// <summary>Tables and curves of a comparison.</summary>
internal static class ComparisonReport
{
    private const double Spacing = 0.1;
    private const int Targets = 3;

    /// <summary>Prints a table, and writes a table of all runs and the curves of each group's best.</summary>
    /// <param name="folder">Gets the files.</param>
    /// <param name="groups">The outcomes, the best of each group first.</param>
    /// <param name="losses">Losses to reach; none for three round ones that the best run reaches.</param>
    public static void Write(string folder, Outcome[][] groups, double[] losses)
    {
        Outcome[] all = [.. groups.SelectMany(group => group)], best = Array.ConvertAll(groups, group => group[0]);
        if (losses.Length == 0) losses = RoundLosses(best);
        Print(all, losses);
        var path = Path.Combine(folder, "comparison");
        WriteTable($"{path}.csv", all, losses);
        Figures.Save(path, [Plot("step", best, point => point.Step), Plot("training time in s", best, point => point.Seconds)]);
        AnsiConsole.WriteLine($"Curves: {path}.svg, .png; table: {path}.csv");
    }

    private static double[] RoundLosses(Outcome[] outcomes)
    {
        var best = outcomes.Min(outcome => outcome.FinalLoss);
        if (!double.IsFinite(best)) return [];
        var lowest = Math.Ceiling(best / Spacing) * Spacing;
        return [.. Enumerable.Range(0, Targets).Select(i => Math.Round(lowest + (Targets - 1 - i) * Spacing, 10))];
    }

    private static void Print(Outcome[] outcomes, double[] losses)
    {
        var table = new Table().AddColumn("Run").AddColumn(Right("seeds")).AddColumn(Right("last loss"));
        foreach (var loss in losses) table.AddColumn(Right(Invariant($"to {loss:0.###}: steps"))).AddColumn(Right("time"));
        foreach (var outcome in outcomes)
        {
            var last = !double.IsFinite(outcome.FinalLoss) ? "diverged"
                : outcome.Runs.Length == 1 ? Invariant($"{outcome.FinalLoss:F4}") : Invariant($"{outcome.FinalLoss:F4} ± {outcome.FinalSpread:F4}");
            table.AddRow([outcome.Contender.Label, $"{outcome.Runs.Length}", last, .. losses.SelectMany(loss => MeanWay(outcome, loss))]);
        }
        AnsiConsole.Write(table);

        static TableColumn Right(string title) => new TableColumn(title).RightAligned();
    }

    /// <summary>The mean steps and time to a loss; a mean over only the runs that reach it would be misleading.</summary>
    private static string[] MeanWay(Outcome outcome, double loss)
    {
        var ways = Array.ConvertAll(outcome.Runs, run => run.Curve.FallsTo(loss));
        return ways.Contains(null) ? ["–", "–"]
            : [Invariant($"{ways.Average(way => way!.Value.Step):F0}"), Invariant($"{ways.Average(way => way!.Value.Seconds):F0} s")];
    }

    private static void WriteTable(string path, Outcome[] outcomes, double[] losses) => CsvFile.Write(
        path,
        ["run", "seed", "steps", "last_loss", "best_loss",
            .. losses.SelectMany(loss => new[] { Invariant($"steps_to_{loss}"), Invariant($"seconds_to_{loss}") })],
        from outcome in outcomes
        from run in outcome.Runs
        let ways = losses.Select(run.Curve.FallsTo).SelectMany(way => new object?[] { way?.Step, way?.Seconds })
        select (object?[])
        [
            outcome.Contender.Name, run.Seed, run.Result.Steps, run.Result.ValidationLoss ?? run.Result.TrainLoss,
            run.Result.BestValidationLoss, .. ways,
        ]);

    /// <summary>Mean losses over seeds, with their standard deviation shaded.</summary>
    private static ScottPlot.Plot Plot(string label, Outcome[] outcomes, Func<(double Step, double Seconds, double Loss), double> place)
    {
        Axis x = new(label), y = new("loss");
        var plot = Figures.Plot("", x, y);
        var colors = Figures.ColorsOf([.. outcomes.Select(outcome => outcome.Contender.Settings.Optimizer)]);
        foreach (var (i, outcome) in outcomes.Index())
        {
            var (mean, spread) = outcome.MeanCurve();
            var losses = Array.ConvertAll(mean.Points, point => point.Loss);
            plot.Curve(outcome.Contender.Label, colors[i], x, y, Array.ConvertAll(mean.Points, place.Invoke), losses, spread);
        }
        return plot;
    }
}
