using System.CommandLine;
using System.Text;
using Focus;
using Microsoft.ML;
using Microsoft.ML.Data;
using Samples;
using Spectre.Console;
using Spectre.Console.Rendering;
using static System.FormattableString;

namespace Gpt2Sample;

/// <summary>The demo: an ordinary ML.NET pipeline trains a small GPT-2 with three optimizers in turn.</summary>
internal static class DemoCommand
{
    private const string DefaultText = "src/**/*.cs and README.md";

    /// <summary>At these rates runs with three seeds end within 0.04 of each other; at larger ones they do not.</summary>
    private static readonly OptimizerSettings[] Optimizers =
    [
        new FocusOptions { LearningRate = 7e-4, Beta2 = 0.99, Gamma = 0.2, WeightDecay = 0.1 },
        new SignumOptions { LearningRate = 5e-4, WeightDecay = 0.1 },
        new AdamWOptions { LearningRate = 2e-3, Beta2 = 0.99, WeightDecay = 0.1 },
    ];

    public static Command Create()
    {
        Option<string[]> text = new("--text")
        {
            Description = $"Text files, folders or patterns [default: the repository's {DefaultText}]",
            HelpName = "path",
            AllowMultipleArgumentsPerToken = true,
        };
        Option<string> prompt = new("--prompt")
        {
            Description = "The text that the best model continues", DefaultValueFactory = _ => "/// <summary>The ",
        };
        Option<int> steps = new("--steps") { Description = "Steps with each optimizer", DefaultValueFactory = _ => 600 };
        var command = new Command("demo", "Trains a small GPT-2 on text with FOCUS, Signum and AdamW in turn, as an ML.NET pipeline.")
        {
            text, prompt, steps,
        };
        command.Run((parsed, cancellation) =>
            Train(parsed.GetValue(text) ?? [], parsed.GetRequiredValue(prompt), parsed.GetValue(steps), cancellation));
        return command;
    }

    /// <summary>A repository's sources that are not generated, in the order of their names, and its README.</summary>
    /// <exception cref="DirectoryNotFoundException">The folder is not a repository.</exception>
    public static string[] FilesOf(string repository)
    {
        var sources = Path.Combine(repository, "src");
        if (!Directory.Exists(sources))
            throw new DirectoryNotFoundException($"There is no folder '{sources}'; run the demo in the repository's folder, or give --text.");
        var generated = $"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}";
        var files = Directory.EnumerateFiles(sources, "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.AsSpan(sources.Length).Contains(generated, StringComparison.Ordinal));
        return [.. files.Order(StringComparer.Ordinal), Path.Combine(repository, "README.md")];
    }

    private static void Train(string[] named, string prompt, int steps, CancellationToken cancellation)
    {
        var mlContext = new MLContext(seed: 1);
        var text = mlContext.Focus.Data.LoadText(named.Length > 0 ? named : FilesOf("."));
        var tokenizing = mlContext.Focus.Transforms.TokenizeCharacters("Tokens", "Text");
        var characters = tokenizing.Fit(text);
        var start = SampleCommand.Encode(characters.Tokenizer, prompt);
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
            EvaluationBatches = Math.Min(steps, 100),
            CancellationToken = cancellation,
        };
        var source = named.Length > 0 ? string.Join(" and ", named) : DefaultText;
        AnsiConsole.MarkupLineInterpolated($"[bold]A GPT-2 of {options.Model.ParameterCount:N0} parameters[/] learns the characters of {source}");

        var chart = new LossChart(Array.ConvertAll(Optimizers, optimizer => optimizer.Name), steps);
        var runs = new List<(TransformerChain<Gpt2Transformer> Model, Gpt2Progress Last)>();
        foreach (var (i, optimizer) in Optimizers.Index())
        {
            Gpt2Progress? last = null;
            var model = TrainCommand.Show(optimizer.Name, display =>
            {
                var progress = new Reporter<Gpt2Progress>(value =>
                {
                    chart.Add(i, value.Step, value.Loss);
                    display.Report(last = value);
                });
                return tokenizing.Append(mlContext.Focus.Gpt2Pretrainer(options with { Optimizer = optimizer, Progress = progress })).Fit(text);
            });
            cancellation.ThrowIfCancellationRequested();
            runs.Add((model, last!));
        }

        AnsiConsole.Write(chart.Draw());
        AnsiConsole.WriteLine();
        WriteTable(runs.ConvertAll(run => run.Last));
        var best = runs.MinBy(run => run.Last.Evaluation!.ValidationLoss);
        AnsiConsole.MarkupLineInterpolated($"The {Optimizers[runs.IndexOf(best)].Name} model continues [bold]{prompt}[/]");
        var written = best.Model.LastTransformer.Network.Generate(start, new() { MaxTokens = 400, Temperature = 0.8, Seed = 1 });
        Console.WriteLine(prompt + characters.Tokenizer.Decode(written));
    }

    private static void WriteTable(List<Gpt2Progress> ends)
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

/// <summary>Loss curves in characters: each column is the mean over some steps.</summary>
internal sealed class LossChart(string[] names, long steps)
{
    private const int Width = 64, Height = 15;

    private const double LeastHeight = 0.1;

    private static readonly string[] Marks = ["[dodgerblue1]●[/]", "[yellow2]▲[/]", "[orange1]■[/]"];

    private readonly (double Sum, int Count)[,] columns = new (double, int)[names.Length, Width];

    /// <summary>Adds a step's loss to a curve.</summary>
    public void Add(int curve, long step, double loss)
    {
        ref var column = ref columns[curve, (step - 1) * Width / steps];
        column = (column.Sum + loss, column.Count + 1);
    }

    public IRenderable Draw()
    {
        var points = (
            from curve in Enumerable.Range(0, names.Length)
            from column in Enumerable.Range(0, Width)
            where columns[curve, column].Count > 0
            select (Curve: curve, Column: column, Loss: columns[curve, column].Sum / columns[curve, column].Count)).ToArray();
        var top = points.Where(point => point.Column == 0).Max(point => point.Loss); // Where all begin; jumps above are cut off.
        var bottom = Math.Min(points.Min(point => point.Loss), top - LeastHeight);
        var cells = new int?[Height, Width];
        foreach (var (curve, column, loss) in points)
            cells[Math.Max(0, (int)Math.Round((top - loss) / (top - bottom) * (Height - 1))), column] = curve;

        var text = new StringBuilder();
        for (var row = 0; row < Height; row++)
        {
            text.Append(row % 2 == 0 ? Invariant($"{top - (top - bottom) * row / (Height - 1),6:F2} ┤") : "       │");
            for (var column = 0; column < Width; column++) text.Append(cells[row, column] is { } curve ? Marks[curve] : " ");
            text.Append('\n');
        }
        var half = Width / 2;
        text.Append($"       └{new string('─', half)}┴{new string('─', half - 1)}┤\n");
        text.Append($"        0{$"{steps / 2}".PadLeft(half + 1)}{$"{steps} steps".PadLeft(half + 4)}\n");
        text.Append("        ").AppendJoin("    ", names.Zip(Marks, (name, mark) => $"{mark} {name}"));
        return new Markup(text.ToString());
    }
}
