using System.CommandLine;
using System.Globalization;
using Samples;
using Spectre.Console;

namespace Gpt2Sample;

/// <summary>Lists the presets.</summary>
internal static class PresetsCommand
{
    public static Command Create()
    {
        var command = new Command("presets", "Lists the runs that --preset names.");
        command.Run((_, _) => List());
        return command;
    }

    private static void List()
    {
        var table = new Table { Border = TableBorder.Rounded }
            .AddColumn("Preset").AddColumn("Optimizer").AddColumn("Rate").AddColumn("Steps").AddColumn("Precision").AddColumn("What");
        foreach (var (name, description, settings) in Presets.All)
        {
            var optimizer = settings.ChosenOptimizer();
            table.AddRow(
                name, optimizer.Name, optimizer.LearningRate.ToString(CultureInfo.InvariantCulture), $"{settings.Steps}",
                settings.Precision.ToString().ToLowerInvariant(), Markup.Escape(description));
        }
        AnsiConsole.Write(table);
    }
}
