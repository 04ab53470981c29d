using System.CommandLine;
using System.Globalization;
using System.Reflection;
using Focus;
using Microsoft.Extensions.Configuration;
using Samples;
using Spectre.Console;

namespace Gpt2Sample;

/// <summary>The optimizers by name, and their hyperparameters: each has a path such as LearningRate, or Auxiliary:LearningRate where an optimizer
/// leaves some parameters to another one.</summary>
internal static class NamedOptimizers
{
    /// <summary>The setting under which each optimizer has a section.</summary>
    public const string Section = "hyperparameters";

    /// <summary>The paths of an optimizer's hyperparameters, and their types.</summary>
    public static IEnumerable<(string Path, Type Type)> HyperparametersOf(Type optimizer) =>
        from property in PropertiesOf(optimizer)
        from inner in property.PropertyType.IsSubclassOf(typeof(OptimizerSettings))
            ? HyperparametersOf(property.PropertyType).Select(inner => ($"{property.Name}:{inner.Path}", inner.Type))
            : [(property.Name, property.PropertyType)]
        select inner;

    /// <summary>The hyperparameters of an optimizer with their values; null stands for the optimizer's own choice.</summary>
    public static IEnumerable<(string Path, object? Value)> HyperparametersOf(OptimizerSettings optimizer) =>
        from property in PropertiesOf(optimizer.GetType())
        let value = property.GetValue(optimizer)
        from inner in value is OptimizerSettings other
            ? HyperparametersOf(other).Select(inner => ($"{property.Name}:{inner.Path}", inner.Value)) : [(property.Name, value)]
        select inner;

    /// <summary>All optimizers with this sample's defaults, by name: the paper's for its optimizers, the library's for the others.</summary>
    /// <returns>New objects, which can be bound to sections.</returns>
    public static Dictionary<string, OptimizerSettings> Defaults() => Optimizers.All.ToDictionary(OptimizerNames.Of, Default);

    /// <summary>Optimizers with the values of the sections in some layers; later layers take precedence.</summary>
    /// <exception cref="InvalidOperationException">A layer has an invalid value.</exception>
    public static Dictionary<string, OptimizerSettings> Bind(IEnumerable<IConfiguration> layers)
    {
        var optimizers = Defaults();
        foreach (var section in layers.SelectMany(layer => layer.GetSection(Section).GetChildren()))
            section.Bind(optimizers[OptimizerNames.Of(Optimizers.Named(section.Key))], binder => binder.ErrorOnUnknownConfiguration = true);
        return optimizers;
    }

    /// <summary>Checks every hyperparameter against its range.</summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="path">Where its section is.</param>
    /// <exception cref="ArgumentException">One is out of range; the parameter's name and the message begin with its path.</exception>
    public static void Validate(OptimizerSettings optimizer, string path)
    {
        foreach (var property in PropertiesOf(optimizer.GetType()))
            if (property.GetValue(optimizer) is OptimizerSettings other) Validate(other, $"{path}:{property.Name}");
        try
        {
            optimizer.Validate();
        }
        catch (ArgumentException fault) when (fault.ParamName is { } name)
        {
            throw new ArgumentException($"{path}:{fault.Message}", $"{path}:{name}", fault);
        }
    }

    /// <summary>The hyperparameters that all optimizers have come first.</summary>
    private static IEnumerable<PropertyInfo> PropertiesOf(Type optimizer) =>
        optimizer.GetProperties().Where(property => property.CanWrite).OrderBy(property => Depth(property.DeclaringType));

    private static int Depth(Type? type) => type is null ? 0 : 1 + Depth(type.BaseType);

    private static OptimizerSettings Default(OptimizerSettings optimizer) => optimizer switch
    {
        FocusOptions => new FocusOptions { LearningRate = 6e-4, Beta1 = 0.9, Beta2 = 0.99, Gamma = 0.2, WeightDecay = 0.2 },
        SignumOptions => new SignumOptions { LearningRate = 6e-4, Beta1 = 0.9, WeightDecay = 0.2 },
        AdamWOptions => new AdamWOptions { LearningRate = 6e-4, Beta1 = 0.9, Beta2 = 0.95, WeightDecay = 0.1 },
        _ => Copy(optimizer),
    };

    /// <summary>A copy that shares no settings with the original.</summary>
    private static OptimizerSettings Copy(OptimizerSettings optimizer)
    {
        var copy = optimizer with { };
        foreach (var property in PropertiesOf(copy.GetType()))
            if (property.GetValue(copy) is OptimizerSettings other) property.SetValue(copy, Copy(other));
        return copy;
    }
}

/// <summary>Lists the optimizers.</summary>
internal static class OptimizersCommand
{
    public static Command Create()
    {
        var command = new Command(
            "optimizers", "Lists the optimizers that --optimizer names, with their hyperparameters, each an option of train, and the defaults.");
        command.Run((_, _) =>
        {
            var table = new Table { Border = TableBorder.Rounded, ShowRowSeparators = true }
                .AddColumn(new TableColumn("Optimizer").NoWrap())
                .AddColumns(SettingOptions.NameOf(nameof(OptimizerSettings.LearningRate)), "Other hyperparameters (–: the optimizer's own choice)");
            foreach (var (name, optimizer) in NamedOptimizers.Defaults())
            {
                var others =
                    from hyperparameter in NamedOptimizers.HyperparametersOf(optimizer)
                    where hyperparameter.Path != nameof(OptimizerSettings.LearningRate)
                    select $"{SettingOptions.NameOf(hyperparameter.Path)}={Text(hyperparameter.Value)}";
                table.AddRow(name, Text(optimizer.LearningRate), string.Join(' ', others));
            }
            AnsiConsole.Write(table);
        });
        return command;
    }

    private static string Text(object? value) => Convert.ToString(value ?? "–", CultureInfo.InvariantCulture)!.ToLowerInvariant();
}
