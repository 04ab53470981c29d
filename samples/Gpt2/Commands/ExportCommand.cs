using System.CommandLine;
using Focus;
using Samples;
using Spectre.Console;

namespace Gpt2Sample;

/// <summary>Writes a model for other programs.</summary>
internal static class ExportCommand
{
    private const string HuggingFace = "huggingface", NanoGpt = "safetensors";

    public static Command Create()
    {
        var model = new Option<string>("--model") { Description = TrainedModel.Places, HelpName = "path", Required = true };
        var output = new Option<string>("--to") { Description = "The folder to write to", HelpName = "folder", Required = true };
        var format = new Option<string>("--format")
        {
            Description = "What transformers loads as GPT-2, or one file with nanoGPT's names", DefaultValueFactory = _ => HuggingFace,
        };
        format.AcceptOnlyFromAmong(HuggingFace, NanoGpt);
        var precision = new Option<TrainingPrecision>("--precision")
        {
            Description = "The type of the weights",
            HelpName = "float32|bfloat16|float16",
            DefaultValueFactory = _ => TrainingPrecision.Float32,
        };
        precision.AcceptOnlyFromAmong(StringComparer.OrdinalIgnoreCase, Enum.GetNames<TrainingPrecision>());
        var command = new Command("export", "Writes a trained model in a form other programs read.") { model, output, format, precision };
        command.Run((parsed, _) =>
        {
            var folder = parsed.GetRequiredValue(output);
            using var trained = TrainedModel.Load(parsed.GetRequiredValue(model));
            trained.Export(folder, asHuggingFace: parsed.GetValue(format) == HuggingFace, parsed.GetValue(precision));
            AnsiConsole.WriteLine($"Model: {folder}");
        });
        return command;
    }
}
