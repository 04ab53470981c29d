using System.CommandLine;
using System.ComponentModel;
using System.Globalization;
using System.Reflection;
using Focus;
using Microsoft.Extensions.Configuration;
using Samples;
using Spectre.Console;

namespace Gpt2Sample;

/// <summary>The options that name a preset or a configuration file, and change single settings.</summary>
internal sealed class SettingOptions
{
    /// <summary>Hyperparameters, which belong to the chosen optimizer.</summary>
    private static readonly (string Property, string Description)[] Hyperparameters =
    [
        (nameof(FocusOptions.LearningRate), "The optimizer's learning rate"),
        (nameof(FocusOptions.Beta1), "The decay of its momentum"),
        (nameof(FocusOptions.Beta2), "The decay of its average of parameters (focus) or squares (adamw)"),
        (nameof(FocusOptions.Gamma), "The attraction to the average (focus)"),
        (nameof(FocusOptions.WeightDecay), "Its weight decay"),
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
                settings.Add(property.Name, OptionFor(property.Name, property.PropertyType, text.Description));
        if (forOptimizer)
            foreach (var (name, description) in Hyperparameters) hyperparameters.Add(name, OptionFor(name, typeof(double), description));
        foreach (var option in (IEnumerable<Option>)[preset, config, .. settings.Values, .. hyperparameters.Values]) command.Options.Add(option);
    }

    /// <summary>Whether the command line names a preset or a file.</summary>
    public bool NamesARun(ParseResult parsed) => parsed.GetValue(preset) is not null || parsed.GetValue(config) is not null;

    /// <summary>The settings that the command line asks for.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="otherwise">The layer to start from where it names no preset; null where it must name a preset or a file.</param>
    /// <exception cref="ArgumentException">There is no such preset, the optimizer has no such hyperparameter, or a value is out of range.</exception>
    public RunSettings Read(ParseResult parsed, IConfiguration? otherwise = null)
    {
        if (!NamesARun(parsed) && otherwise is null)
            throw new ArgumentException($"Give --preset or --config. The presets are {string.Join(", ", Preset.Names)}.");
        var start = parsed.GetValue(preset) is { } name ? Preset.SettingsOf(name) : otherwise;
        var layers = new List<IConfiguration>();
        if (start is not null) layers.Add(start);
        if (parsed.GetValue(config) is { } file) layers.Add(Layer.Read<RunSettings>(file));
        layers.Add(Given(parsed, settings, ""));

        var optimizer = Layer.Bind<RunSettings>(layers).ChosenOptimizer;
        foreach (var (property, option) in hyperparameters)
            if (parsed.GetResult(option) is { Implicit: false } && optimizer.GetType().GetProperty(property) is null)
                throw new ArgumentException($"{option.Name} is not a setting of {optimizer.Name}, the run's optimizer.");
        var result = Layer.Bind<RunSettings>([.. layers, Given(parsed, hyperparameters, $"{Layer.Bind<RunSettings>(layers).Optimizer}:")]);
        result.Training().Validate();
        return result;
    }

    /// <summary>The options that the command line gives, as a layer.</summary>
    private static IConfiguration Given(ParseResult parsed, Dictionary<string, Option> options, string section) => new ConfigurationBuilder()
        .AddInMemoryCollection(
            from pair in options
            let result = parsed.GetResult(pair.Value)
            where result is { Implicit: false }
            select KeyValuePair.Create(section + pair.Key, Convert.ToString(result.GetValueOrDefault<object?>(), CultureInfo.InvariantCulture)))
        .Build();

    private static Option OptionFor(string property, Type type, string description)
    {
        var name = Commands.OptionName(property);
        var option = (Option)Activator.CreateInstance(typeof(Option<>).MakeGenericType(type), name, Array.Empty<string>())!;
        option.Description = description;
        option.HelpName = type.IsEnum ? string.Join('|', Enum.GetNames(type)).ToLowerInvariant()
            : type == typeof(bool) ? "true|false" : type == typeof(double) ? "number" : type == typeof(string) ? "text" : "count";
        return option;
    }
}

/// <summary>Lists the presets.</summary>
internal static class PresetsCommand
{
    public static Command Create()
    {
        var command = new Command("presets", "Lists the runs that --preset names.");
        command.Run((_, _) =>
        {
            var table = new Table { Border = TableBorder.Rounded }.AddColumns("Preset", "Optimizer", "Rate", "Steps", "Precision", "Description");
            foreach (var name in Preset.Names)
            {
                var preset = Preset.Read(name);
                var (settings, optimizer) = (preset.Settings, preset.Settings.ChosenOptimizer);
                table.AddRow(
                    name, optimizer.Name, optimizer.LearningRate.ToString(CultureInfo.InvariantCulture), $"{settings.Steps}",
                    settings.Precision.ToString().ToLowerInvariant(), Markup.Escape(preset.Description));
            }
            AnsiConsole.Write(table);
        });
        return command;
    }
}
