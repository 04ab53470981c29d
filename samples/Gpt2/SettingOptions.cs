using System.CommandLine;
using System.ComponentModel;
using System.Globalization;
using System.Reflection;
using Focus;
using Microsoft.Extensions.Configuration;
using Samples;

namespace Gpt2Sample;

/// <summary>The options that name a preset or a configuration file, and change single settings.</summary>
internal sealed class SettingOptions
{
    /// <summary>What the hyperparameters of many optimizers do. Help has only these; the command optimizers lists the rest.</summary>
    private static readonly Dictionary<string, string> Descriptions = new()
    {
        [nameof(MomentOptions.LearningRate)] = "The optimizer's learning rate",
        [nameof(MomentOptions.WeightDecay)] = "Its weight decay",
        [nameof(MomentOptions.Beta1)] = "The decay of its momentum",
        [nameof(MomentOptions.Beta2)] = "The decay of its average of parameters (focus) or squares (adamw and others)",
        [nameof(MomentOptions.Epsilon)] = "What it adds to denominators",
        [nameof(FocusOptions.Gamma)] = "The attraction to the average (focus), or another factor γ (mars, auon, cosmos)",
        [nameof(SgdOptions.Momentum)] = "The decay of its momentum (sgd, muon and others)",
        [nameof(SgdOptions.Nesterov)] = "Whether its steps look ahead by one momentum",
    };

    private static readonly string[] ScheduleSettings =
    [
        nameof(RunSettings.WarmupSteps), nameof(RunSettings.FinalFactor), nameof(RunSettings.DecaySteps), nameof(RunSettings.Power),
        nameof(RunSettings.FirstCycle), nameof(RunSettings.CycleGrowth),
    ];

    private static readonly string[] ModelSettings =
    [
        nameof(RunSettings.VocabularySize), nameof(RunSettings.Layers), nameof(RunSettings.Heads), nameof(RunSettings.Width),
        nameof(RunSettings.BlockSize), nameof(RunSettings.Bias), nameof(RunSettings.ScaleAttentionByInverseLayerIndex),
    ];

    private readonly Option<string?> preset = new("--preset")
    {
        Description = "The run to start from; the command presets lists them", HelpName = "name",
    };

    private readonly Option<string?> config = new("--config")
    {
        Description = "A configuration file, such as a run's settings.json; the preset provides what it leaves out", HelpName = "file.json",
    };

    private readonly Dictionary<string, Option> settings = [], hyperparameters = [];

    /// <param name="command">Gets the options.</param>
    /// <param name="forOptimizer">Whether the hyperparameters of the run's optimizer are options.</param>
    /// <param name="without">Settings that are not options of this command.</param>
    public SettingOptions(Command command, bool forOptimizer, params string[] without)
    {
        foreach (var property in typeof(RunSettings).GetProperties())
            if (property.GetCustomAttribute<DescriptionAttribute>() is { } text && !without.Contains(property.Name))
                settings.Add(property.Name, OptionFor(Commands.OptionName(property.Name), property.PropertyType, text.Description));
        if (forOptimizer)
        {
            var all = Optimizers.All.SelectMany(optimizer => NamedOptimizers.HyperparametersOf(optimizer.GetType()));
            foreach (var group in all.GroupBy(hyperparameter => hyperparameter.Path, hyperparameter => hyperparameter.Type))
                hyperparameters.Add(group.Key, OptionFor(group.Key, [.. group]));
        }
        foreach (var option in (IEnumerable<Option>)[preset, config, .. settings.Values, .. hyperparameters.Values]) command.Options.Add(option);
    }

    /// <summary>Whether the command line names a preset or a file.</summary>
    public bool NamesARun(ParseResult parsed) => parsed.GetValue(preset) is not null || parsed.GetValue(config) is not null;

    /// <summary>The settings that the command line asks for.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="otherwise">The layer to start from where it names no preset; null where it must name a preset or a file.</param>
    /// <param name="above">Layers above the command line.</param>
    /// <exception cref="ArgumentException">There is no such preset or optimizer, the optimizer or the schedule has no such setting, or a value is out
    /// of range.</exception>
    public RunSettings Read(ParseResult parsed, IConfiguration? otherwise = null, params IEnumerable<IConfiguration> above)
    {
        if (!NamesARun(parsed) && otherwise is null)
            throw new ArgumentException($"Give --preset or --config. The presets are {string.Join(", ", Preset.Names)}.");
        var start = parsed.GetValue(preset) is { } name ? Preset.SettingsOf(name) : otherwise;
        var layers = new List<IConfiguration>();
        if (start is not null) layers.Add(start);
        if (parsed.GetValue(config) is { } file) layers.Add(RunSettings.Open(file));
        layers.AddRange([Given(parsed, settings, ""), .. above]);

        var run = RunSettings.Of(layers);
        var section = $"{NamedOptimizers.Section}:{run.Optimizer}:";
        RefuseOthers(
            parsed, hyperparameters, [.. NamedOptimizers.HyperparametersOf(run.Hyperparameters.GetType()).Select(known => known.Path)],
            $"{run.Optimizer}, the run's optimizer");
        RefuseOthers(
            parsed, settings.Where(pair => ScheduleSettings.Contains(pair.Key)),
            [.. run.ChosenSchedule.GetType().GetProperties().Select(property => property.Name).Intersect(ScheduleSettings)],
            $"{run.ChosenKind.ToString().ToLowerInvariant()}, the schedule of the run with {run.Optimizer}");
        if (run.InitFrom is not null)
            RefuseOthers(parsed, settings.Where(pair => ModelSettings.Contains(pair.Key)), [], "a run with --init-from, whose model brings its own");
        run = RunSettings.Of([.. layers, Given(parsed, hyperparameters, section)]);
        try
        {
            run.Validate();
        }
        catch (ArgumentException fault) when (
            fault.ParamName?.StartsWith(section, StringComparison.Ordinal) == true
            && hyperparameters.GetValueOrDefault(fault.ParamName[section.Length..]) is { } option)
        {
            throw new ArgumentException(option.Name + fault.Message[fault.ParamName.Length..], fault);
        }
        return run;
    }

    /// <summary>The option of a hyperparameter, such as --auxiliary-beta1 for Auxiliary:Beta1; settings of the run have precedence.</summary>
    public static string NameOf(string hyperparameter)
    {
        var name = hyperparameter.Replace(":", "", StringComparison.Ordinal);
        return Commands.OptionName(typeof(RunSettings).GetProperty(name) is null ? name : $"{nameof(RunSettings.Optimizer)}{name}");
    }

    /// <summary>Refuses options that the command line gives though what they are for does not have them.</summary>
    private static void RefuseOthers(ParseResult parsed, IEnumerable<KeyValuePair<string, Option>> options, string[] known, string owner)
    {
        var all = options.ToDictionary();
        foreach (var (path, option) in all)
        {
            if (parsed.GetResult(option) is not { Implicit: false } || known.Contains(path)) continue;
            var others = known.Length > 0 ? $"; it has {string.Join(", ", known.Select(other => all[other].Name))}" : "";
            throw new ArgumentException($"{option.Name} is not a setting of {owner}{others}.");
        }
    }

    /// <summary>The options that the command line gives, as a layer.</summary>
    private static IConfiguration Given(ParseResult parsed, Dictionary<string, Option> options, string section) => new ConfigurationBuilder()
        .AddInMemoryCollection(
            from pair in options
            let result = parsed.GetResult(pair.Value)
            where result is { Implicit: false }
            select KeyValuePair.Create(section + pair.Key, Text(pair.Value, result.GetValueOrDefault<object?>())))
        .Build();

    private static string? Text(Option option, object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) is not "" and var text
        ? text : throw new ArgumentException($"{option.Name} is empty; give a value, or omit it.");

    /// <summary>The option of a hyperparameter that is of these types in the optimizers that have it.</summary>
    private static Option OptionFor(string hyperparameter, Type[] types)
    {
        Type[] kinds = [.. types.Select(type => Nullable.GetUnderlyingType(type) ?? type).Distinct()];
        var description = Descriptions.GetValueOrDefault(hyperparameter);
        var option = OptionFor(NameOf(hyperparameter), kinds.Length == 1 ? kinds[0] : typeof(string), description);
        option.Hidden = description is null;
        return option;
    }

    private static Option OptionFor(string name, Type type, string? description)
    {
        var option = (Option)Activator.CreateInstance(typeof(Option<>).MakeGenericType(type), name, Array.Empty<string>())!;
        option.Description = description;
        var kind = Nullable.GetUnderlyingType(type) ?? type;
        if (kind.IsEnum) option.TakeOnly(Commands.NamesOf(kind));
        option.HelpName = kind == typeof(ScheduleKind) ? "name" : option.HelpName ?? HelpNameOf(kind); // All schedules would make help too wide.
        return option;
    }

    private static string HelpNameOf(Type type) =>
        type == typeof(bool) ? "true|false" : type == typeof(double) ? "number" : type == typeof(string) ? "text" : "count";
}
