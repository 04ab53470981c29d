using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Samples;
using Spectre.Console;

namespace Gpt2Sample;

/// <summary>Compares optimizers: on one preset at several learning rates and seeds, or the runs of a figure of the paper.</summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        var output = new Option<string>("--out")
        {
            Description = "Folder of runs, curves (.svg, .png) and table (.csv)", HelpName = "folder", Required = true,
        };
        var figure = new Option<string?>("--figure")
        {
            Description = "Instead of optimizers: the runs of this figure of the paper", HelpName = string.Join('|', Presets.Figures.Keys),
        };
        var optimizers = new Option<Entry[]>("--optimizers")
        {
            Description = "The optimizers, by commas, perhaps with rates of their own: focus:1e-3,focus:2e-3,adamw [default: all three]",
            HelpName = "list",
            CustomParser = result => Split(result, ParseEntry, "focus, signum or adamw, perhaps with a rate (focus:1e-3)"),
        };
        var rates = new Option<double[]>("--learning-rates")
        {
            Description = "Learning rates, by commas: the first seed tries each, others take each optimizer's best [default: the preset's]",
            HelpName = "list",
            CustomParser = result => Split(result, Number, "numbers"),
        };
        var seeds = new Option<int>("--seeds") { Description = "How many seeds: 1, 2 and so on", DefaultValueFactory = _ => 1 };
        var losses = new Option<double[]>("--losses")
        {
            Description = "Losses, by commas, to which steps and time are told [default: three that the best run reaches]",
            HelpName = "list",
            CustomParser = result => Split(result, Number, "numbers"),
        };
        var command = new Command("compare", "Compares optimizers on the same data in the same order; finished runs are not repeated.")
        {
            output, figure, optimizers, rates, seeds, losses,
        };
        var settings = new SettingOptions(command, forOptimizers: false, nameof(RunSettings.Optimizer), nameof(RunSettings.Seed));
        command.Run(
            (parsed, cancellation) =>
            {
                if (parsed.GetValue(seeds) is < 1 and var count) throw new ArgumentException($"--seeds is {count}; expected at least 1.");
                if (parsed.GetValue(figure) is not null
                    && (settings.NamesARun(parsed) || parsed.GetValue(optimizers) is [_, ..] || parsed.GetValue(rates) is [_, ..]))
                    throw new ArgumentException(
                        "--figure names the runs; leave --preset, --config, --optimizers and --learning-rates out.");
                var groups = parsed.GetValue(figure) is { } name
                    ? FigureRuns(name, preset => settings.Change(parsed, preset))
                    : Rates(settings.Read(parsed), Chosen(parsed.GetValue(optimizers)), parsed.GetValue(rates) ?? []);
                var folder = parsed.GetRequiredValue(output);
                var outcomes = new Comparison(folder, cancellation).Run(groups, [.. Enumerable.Range(1, parsed.GetValue(seeds))]);
                Report(folder, outcomes, parsed.GetValue(losses) ?? []);
            },
            "interrupted. Runs that are over are kept, the last has a checkpoint; the same command goes on from there.");
        return command;
    }

    private static Entry[] Chosen(Entry[]? given) =>
        given is [_, ..] ? given : [.. Enum.GetValues<OptimizerKind>().Select(optimizer => new Entry(optimizer, null))];

    private static IReadOnlyList<IReadOnlyList<Contender>> FigureRuns(string figure, Func<RunSettings, RunSettings> change) =>
        Presets.Figures.TryGetValue(figure, out var names)
            ? [.. names.Select(name => new[] { Contender.Of(Presets.Find(name), change(Presets.Find(name).Settings)) })]
            : throw new ArgumentException($"There is no figure '{figure}'; there are {string.Join(", ", Presets.Figures.Keys)}.");

    private static IReadOnlyList<IReadOnlyList<Contender>> Rates(RunSettings settings, Entry[] optimizers, double[] rates)
    {
        var contenders =
            from entry in optimizers
            from rate in entry.Rate is null && rates.Length > 0 ? rates.Select(given => (double?)given) : [entry.Rate]
            select Contender.Of(settings.With(entry.Optimizer, rate));
        return [.. contenders.GroupBy(contender => contender.Settings.Optimizer).Select(group => group.ToArray())];
    }

    private static void Report(string folder, IReadOnlyList<IReadOnlyList<Outcome>> groups, double[] losses)
    {
        Outcome[] all = [.. groups.SelectMany(group => group)], best = [.. groups.Select(group => group[0])];
        if (losses.Length == 0) losses = ComparisonTable.RoundLosses(best);
        ComparisonTable.Print(all, losses);
        var path = Path.Combine(folder, "comparison");
        ComparisonTable.Write($"{path}.csv", all, losses);
        ComparisonFigure.Save(path, best);
        AnsiConsole.WriteLine($"Curves: {path}.svg, .png; table: {path}.csv");
    }

    private static T[] Split<T>(ArgumentResult result, Func<string, T?> parse, string expected) where T : struct
    {
        var values = result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.TrimEntries)).ToArray();
        foreach (var value in values)
        {
            if (parse(value) is null)
                result.AddError($"{(result.Parent as OptionResult)?.Option.Name} holds '{value}'; expected {expected}, by commas.");
        }
        return [.. values.Select(parse).OfType<T>()];
    }

    private static Entry? ParseEntry(string text) => text.Split(':') switch
    {
        [var name] when Optimizer(name) is { } optimizer => new(optimizer, null),
        [var name, var rate] when Optimizer(name) is { } optimizer && Number(rate) is { } number => new(optimizer, number),
        _ => null,
    };

    private static OptimizerKind? Optimizer(string name) =>
        Enum.GetNames<OptimizerKind>().Contains(name, StringComparer.OrdinalIgnoreCase)
            ? Enum.Parse<OptimizerKind>(name, ignoreCase: true) : null;

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;

    /// <summary>An optimizer to compare, at its own learning rate where it has one.</summary>
    private readonly record struct Entry(OptimizerKind Optimizer, double? Rate);
}
