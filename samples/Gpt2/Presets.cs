using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using Samples;
using Spectre.Console;

namespace Gpt2Sample;

/// <summary>A run under a name: a file of the folder <c>presets</c>.</summary>
internal sealed record Preset
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "presets");

    public string Description { get; init; } = "";

    /// <summary>The figures of the paper that show the run.</summary>
    public string[] Figures { get; init; } = [];

    public RunSettings Settings { get; init; } = new();

    public static string[] Names => [.. Directory.GetFiles(Folder, "*.json").Select(file => Path.GetFileNameWithoutExtension(file)).Order()];

    /// <summary>Reads a preset.</summary>
    /// <exception cref="ArgumentException">There is no such preset.</exception>
    public static Preset Read(string name) => Of(Open(name));

    /// <summary>The settings of a preset as a layer.</summary>
    /// <exception cref="ArgumentException">There is no such preset.</exception>
    public static IConfiguration SettingsOf(string name) => Open(name).GetSection(nameof(Settings));

    private static IConfiguration Open(string name)
    {
        var known = Names.FirstOrDefault(known => known.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new ArgumentException($"There is no preset '{name}'; there are {string.Join(", ", Names)}.");
        return Layer.Read(Path.Combine(Folder, $"{known}.json"), Of);
    }

    private static Preset Of(IConfiguration file) =>
        Layer.Bind<Preset>([file]) with { Settings = RunSettings.Of(file.GetSection(nameof(Settings))) };
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
                var (settings, optimizer) = (preset.Settings, preset.Settings.Hyperparameters);
                table.AddRow(
                    name, optimizer.Name, optimizer.LearningRate.ToString(CultureInfo.InvariantCulture), $"{settings.Steps}",
                    settings.Precision.ToString().ToLowerInvariant(), Markup.Escape(preset.Description));
            }
            AnsiConsole.Write(table);
        });
        return command;
    }
}
