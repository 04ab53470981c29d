using System.CommandLine;
using Gpt2Sample;
using Samples;
using Spectre.Console;

if (!AnsiConsole.Profile.Out.IsTerminal)
{
    // Logs need whole lines and no colours.
    AnsiConsole.Profile.Width = 160;
    AnsiConsole.Profile.Capabilities.Ansi = false;
    AnsiConsole.Profile.Capabilities.ColorSystem = ColorSystem.NoColors;
}

var root = new RootCommand(
    "Trains GPT-2 with FOCUS and other optimizers: the runs of the FOCUS paper (arXiv:2501.12243, section 4), and small ones for a CPU.")
{
    PrepareCommand.Create(), PresetsCommand.Create(), OptimizersCommand.Create(), TrainCommand.Create(), CompareCommand.Create(),
    SampleCommand.Create(), ExportCommand.Create(), DemoCommand.Create(),
};
root.Run((_, _) => throw new ArgumentException("Give a command; --help lists them."));
return await root.RunAsync(args);
