using System.Reflection;
using System.Text.Json;
using Focus;
using Microsoft.Extensions.Configuration;
using Samples;

namespace Gpt2Sample;

/// <summary>Layers of settings, such as configuration files; later ones take precedence.</summary>
internal static class Layer
{
    /// <summary>Reads a configuration file of settings, and checks it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="bind">Turns it into its settings.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not JSON, or has an unknown setting or an invalid value.</exception>
    public static IConfiguration Read<T>(string path, Func<IConfiguration, T> bind)
    {
        if (!File.Exists(path)) throw new FileNotFoundException($"There is no configuration file '{path}'.", path);
        try
        {
            var layer = new ConfigurationBuilder().AddJsonFile(Path.GetFullPath(path)).Build();
            var empty = layer.AsEnumerable()
                .FirstOrDefault(setting => setting.Value is null && !layer.GetSection(setting.Key).GetChildren().Any()).Key;
            if (empty is not null) throw new InvalidDataException($"'{empty}' is null or empty; give it a value, or remove it.");
            if (Fault(layer, typeof(T)) is { } fault) throw new InvalidDataException(fault);
            bind(layer);
            return layer;
        }
        catch (InvalidDataException fault)
        {
            throw new InvalidDataException($"Configuration file '{path}': {fault.GetBaseException().Message}", fault);
        }
        catch (Exception fault) when (fault is InvalidOperationException or ArgumentException)
        {
            throw new InvalidDataException($"Configuration file '{path}': {fault.Message}", fault);
        }
    }

    /// <summary>The settings that layers add up to, without the hyperparameters, whose sections <see cref="NamedOptimizers"/> binds.</summary>
    /// <exception cref="InvalidOperationException">A layer has an invalid value.</exception>
    public static T Bind<T>(IEnumerable<IConfiguration> layers) where T : new()
    {
        var builder = new ConfigurationBuilder();
        foreach (var layer in layers) builder.AddConfiguration(layer);
        var settings = builder.Build().AsEnumerable()
            .Where(setting => !setting.Key.Split(':').Contains(NamedOptimizers.Section, StringComparer.OrdinalIgnoreCase));
        var bindable = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        return bindable.Get<T>(binder => binder.ErrorOnUnknownConfiguration = true) ?? new T();
    }

    /// <summary>What is wrong with the first setting that a record of settings does not have; null where it has all.</summary>
    private static string? Fault(IConfiguration layer, Type record)
    {
        foreach (var setting in layer.GetChildren())
        {
            if (TypeOf(record, setting.Key) is not { } type) return $"There is no setting '{setting.Path}'{Remedy(record, setting.Key)}.";
            if (type.IsAssignableTo(typeof(OptimizerSettings)) && setting.Value is { } value)
                return $"'{setting.Path}' is '{value}'; expected a section in braces.";
            if (!type.IsArray && Fault(setting, type) is { } inner) return inner;
        }
        return null;
    }

    /// <summary>The type of a setting, or null where a record has no such setting; sections of hyperparameters have optimizers' names.</summary>
    private static Type? TypeOf(Type record, string name)
    {
        if (record == typeof(OptimizerSettings)) return OptimizerNames.Find(name)?.GetType();
        var property = record.GetProperty(name, BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase);
        return property is { CanWrite: true } ? property.PropertyType : null;
    }

    private static string Remedy(Type record, string name)
    {
        if (record == typeof(OptimizerSettings)) return $"; valid is {OptimizerNames.All}";
        if (record == typeof(RunSettings) && OptimizerNames.Find(name) is not null)
            return $"; an optimizer's section belongs in '{NamedOptimizers.Section}', as '{NamedOptimizers.Section}:{name}'";
        var known = record.GetProperties().Where(property => property.CanWrite).Select(property => property.Name).ToArray();
        return known.Length > 0 ? $"; valid is {string.Join(", ", known.Select(JsonNamingPolicy.CamelCase.ConvertName))}" : "";
    }
}
