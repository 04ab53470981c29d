using System.CommandLine;
using System.CommandLine.Parsing;
using System.ComponentModel;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Focus;

namespace Gpt2Sample;

/// <summary>The options by which the command line names a preset or a configuration file, and changes single settings.</summary>
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
        Description = "A configuration file, such as a run's settings.json; what it leaves out, the preset says", HelpName = "file.json",
    };

    private readonly Dictionary<string, Option> settings = [];
    private readonly Dictionary<string, Option> hyperparameters = [];

    /// <param name="command">Gets the options.</param>
    /// <param name="forOptimizers">Whether the run's optimizer and its hyperparameters are options.</param>
    /// <param name="without">Settings that are no options of this command.</param>
    public SettingOptions(Command command, bool forOptimizers, params string[] without)
    {
        command.Options.Add(preset);
        command.Options.Add(config);
        foreach (var property in typeof(RunSettings).GetProperties())
        {
            if (property.GetCustomAttribute<DescriptionAttribute>() is not { } text || without.Contains(property.Name)) continue;
            settings.Add(property.Name, Add(command, property.Name, property.PropertyType, text.Description));
        }
        if (!forOptimizers) return;
        foreach (var (name, description) in Hyperparameters) hyperparameters.Add(name, Add(command, name, typeof(double), description));
    }

    /// <summary>Whether the command line names a preset or a file.</summary>
    public bool NamesARun(ParseResult parsed) => parsed.GetValue(preset) is not null || parsed.GetValue(config) is not null;

    /// <summary>The settings that the command line asks for.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="otherwise">The settings to start from where it names neither a preset nor a file; null where it must.</param>
    /// <exception cref="ArgumentException">There is no such preset, or the optimizer has no such hyperparameter.</exception>
    public RunSettings Read(ParseResult parsed, RunSettings? otherwise = null)
    {
        var (name, file) = (parsed.GetValue(preset), parsed.GetValue(config));
        if (!NamesARun(parsed) && otherwise is null)
            throw new ArgumentException($"Give --preset or --config. The presets are {Presets.Names}.");
        var start = name is not null ? Presets.Find(name).Settings : otherwise ?? new RunSettings();
        return Change(parsed, file is null ? start : SettingsFile.Read(file, start));
    }

    /// <summary>Changes the settings for which the command line has options.</summary>
    /// <exception cref="ArgumentException">The optimizer has no such hyperparameter.</exception>
    public RunSettings Change(ParseResult parsed, RunSettings start)
    {
        var all = SettingsFile.ToJson(start);
        foreach (var (property, value) in Given(parsed, settings)) all[SettingsFile.NameOf(property)] = value;
        var chosen = SettingsFile.FromJson(all).Optimizer.ToString();
        var optimizer = all[SettingsFile.NameOf(chosen)]!.AsObject();
        foreach (var (property, value) in Given(parsed, hyperparameters))
        {
            if (!optimizer.ContainsKey(SettingsFile.NameOf(property)))
                throw new ArgumentException($"{Name(property)} is no setting of {chosen}, the run's optimizer.");
            optimizer[SettingsFile.NameOf(property)] = value;
        }
        return SettingsFile.FromJson(all);
    }

    private static IEnumerable<(string Property, JsonNode? Value)> Given(ParseResult parsed, Dictionary<string, Option> options) =>
        from pair in options
        let result = parsed.GetResult(pair.Value)
        where result is { Implicit: false }
        select (pair.Key, ValueOf(result));

    /// <exception cref="ArgumentException">The value is a number, but none that can be meant.</exception>
    private static JsonNode? ValueOf(OptionResult result) => result.GetValueOrDefault<object?>() switch
    {
        double value when !double.IsFinite(value) => throw new ArgumentException($"{result.Option.Name} is {value}; expected a finite number."),
        Enum value when !Enum.IsDefined(value.GetType(), value) => throw new ArgumentException(
            $"{result.Option.Name} is {value}; expected one of {string.Join(", ", Enum.GetNames(value.GetType()))}."),
        Enum value => JsonValue.Create(value.ToString()),
        var value => JsonSerializer.SerializeToNode(value),
    };

    private static Option Add(Command command, string property, Type type, string description)
    {
        var option = (Option)Activator.CreateInstance(typeof(Option<>).MakeGenericType(type), Name(property), Array.Empty<string>())!;
        option.Description = description;
        option.HelpName = type.IsEnum ? string.Join('|', Enum.GetNames(type)).ToLowerInvariant() : Placeholder(type);
        command.Options.Add(option);
        return option;
    }

    private static string Name(string property) => $"--{JsonNamingPolicy.KebabCaseLower.ConvertName(property)}";

    private static string Placeholder(Type type) =>
        type == typeof(bool) ? "true|false" : type == typeof(double) ? "number" : type == typeof(string) ? "text" : "count";
}
