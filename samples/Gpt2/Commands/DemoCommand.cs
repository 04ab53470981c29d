using System.CommandLine;
using Focus;
using Microsoft.ML;
using Microsoft.ML.Data;
using Samples;
using Spectre.Console;
using static System.FormattableString;

namespace Gpt2Sample;

/// <summary>The demo: an ordinary ML.NET pipeline trains a small GPT-2 with three optimizers in turn.</summary>
internal static class DemoCommand
{
    /// <summary>Rates at which runs with three seeds end within 0.04 of each other, as they do not at larger ones.</summary>
    private static readonly OptimizerSettings[] Optimizers =
    [
        new FocusOptions { LearningRate = 7e-4, Beta2 = 0.99, Gamma = 0.2, WeightDecay = 0.1 },
        new SignumOptions { LearningRate = 5e-4, WeightDecay = 0.1 },
        new AdamWOptions { LearningRate = 2e-3, Beta2 = 0.99, WeightDecay = 0.1 },
    ];

    public static Command Create()
    {
        var text = new Option<string[]>("--text")
        {
            Description = $"Text files, folders or patterns [default: the repository's {DemoText.Description}]",
            HelpName = "path",
            AllowMultipleArgumentsPerToken = true,
        };
        var prompt = new Option<string>("--prompt")
        {
            Description = "What the best model goes on with", DefaultValueFactory = _ => "/// <summary>The ",
        };
        var steps = new Option<int>("--steps") { Description = "Steps with each optimizer", DefaultValueFactory = _ => 600 };
        var command = new Command("demo", "Trains a small GPT-2 on text with FOCUS, Signum and AdamW in turn, as an ML.NET pipeline.")
        {
            text, prompt, steps,
        };
        command.Run((parsed, cancellation) =>
            Train(parsed.GetValue(text) ?? [], parsed.GetRequiredValue(prompt), parsed.GetValue(steps), cancellation));
        return command;
    }

    private static void Train(string[] named, string prompt, int steps, CancellationToken cancellation)
    {
        var files = named.Length > 0 ? named : DemoText.Files(".");
        var mlContext = new MLContext(seed: 1);
        var text = mlContext.Focus.Data.LoadText(files);
        var tokenizing = mlContext.Focus.Transforms.TokenizeCharacters("Tokens", "Text");
        var characters = tokenizing.Fit(text);
        var start = characters.Tokenizer.EncodeToIds(prompt);
        var options = new Gpt2Pretrainer.Options
        {
            Model = new()
            {
                VocabularySize = characters.TokenCount, Layers = 2, Heads = 4, Width = 128, BlockSize = 64, ScaleAttentionByInverseLayerIndex = false,
            },
            Schedule = new CosineSchedule { WarmupSteps = steps / 5, FinalFactor = 0.02 },
            MaxSteps = steps,
            BatchSize = 12,
            AccumulationSteps = 1,
            ValidationShare = 0.05,
            EvaluationInterval = 0,
            EvaluationBatches = 300,
            CancellationToken = cancellation,
        };
        var source = named.Length > 0 ? string.Join(" and ", named) : DemoText.Description;
        AnsiConsole.MarkupLineInterpolated(
            $"[bold]A GPT-2 of {options.Model.ParameterCount:N0} parameters[/] learns the characters of {source}");

        var runs = new List<(TransformerChain<Gpt2Transformer> Model, Gpt2Progress Last)>();
        DemoDisplay.Show([.. Optimizers.Select(optimizer => optimizer.Name)], steps, display =>
        {
            foreach (var optimizer in Optimizers)
            {
                var progress = display.Of(runs.Count);
                var pretrainer = mlContext.Focus.Gpt2Pretrainer(options with { Optimizer = optimizer, Progress = progress });
                var model = tokenizing.Append(pretrainer).Fit(text);
                cancellation.ThrowIfCancellationRequested();
                runs.Add((model, progress.Last!));
            }
        });

        WriteTable([.. runs.Select(run => run.Last)]);
        var best = runs.MinBy(run => run.Last.Evaluation!.ValidationLoss);
        AnsiConsole.MarkupLineInterpolated($"What the {Optimizers[runs.IndexOf(best)].Name} model makes of [bold]{prompt}[/]");
        var written = best.Model.LastTransformer.Network.Generate(start, new() { MaxTokens = 400, Temperature = 0.8, Seed = 1 });
        Console.WriteLine(prompt + characters.Tokenizer.Decode(written));
    }

    private static void WriteTable(IReadOnlyList<Gpt2Progress> ends)
    {
        string[] numbers = ["rate", "train loss", "validation loss", "perplexity", "time"];
        var table = new Table().Border(TableBorder.Rounded).AddColumn("Optimizer")
            .AddColumns(Array.ConvertAll(numbers, name => new TableColumn(name).RightAligned()));
        foreach (var (optimizer, end) in Optimizers.Zip(ends))
        {
            var (train, validation) = (end.Evaluation!.TrainLoss, end.Evaluation.ValidationLoss!.Value);
            table.AddRow(
                optimizer.Name, Invariant($"{optimizer.LearningRate}"), Invariant($"{train:F3}"), Invariant($"{validation:F3}"),
                Invariant($"{Math.Exp(validation):F2}"), Invariant($"{end.Elapsed.TotalSeconds:F0} s"));
        }
        AnsiConsole.Write(table);
    }
}
