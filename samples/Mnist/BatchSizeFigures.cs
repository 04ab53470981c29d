using System.CommandLine;
using System.Globalization;
using Samples;
using ScottPlot;
using Spectre.Console;

namespace Mnist;

/// <summary>Figures 2c and 2d of arXiv:2501.12243: the best test loss of each optimizer by batch size. They are drawn from the table
/// <c>best.csv</c> that a scan writes.</summary>
internal static class BatchSizeFigures
{
    private const double Margin = 5;

    public static Command CreateCommand()
    {
        Option<string> table = new("--table") { Description = "The table best.csv of a scan", HelpName = "file", Required = true };
        Option<string> output = new("--out") { Description = "Folder of the figures", HelpName = "folder", DefaultValueFactory = _ => "." };
        var command = new Command("figures", "Draws figures 2c and 2d from the table of a scan.") { table, output };
        command.Run((parsed, _) =>
        {
            Draw(parsed.GetRequiredValue(table), parsed.GetRequiredValue(output));
            Console.WriteLine($"Figures: {Path.GetFullPath(parsed.GetRequiredValue(output))}");
        });
        return command;
    }

    /// <summary>Draws figure 2c, and 2d where AdamW is among the optimizers and not alone.</summary>
    public static void Draw(string table, string folder)
    {
        var scores = Read(table);
        var colors = Figures.ColorsOf([.. scores.Select(group => NamedOptimizers.Family(group.Key))]);
        Axis size = new("batch size", LogBase: 2), loss = new("best mean test loss", LogBase: 10), gain = new("improvement over AdamW (%)");
        var losses = Figures.Plot("Test loss at the best learning rate", size, loss);
        foreach (var (i, group) in scores.Index())
        {
            var curve = losses.Curve(
                NamedOptimizers.Label(group.Key), colors[i], size, loss, [.. group.Select(score => score.BatchSize)],
                [.. group.Select(score => score.Loss)], [.. group.Select(score => score.Deviation)]);
            (curve.MarkerShape, curve.MarkerSize) = (MarkerShape.FilledCircle, 6);
        }
        Figures.Save(Path.Combine(folder, "figure-2c"), [losses]);

        if (scores.Length < 2 || scores.FirstOrDefault(group => group.Key == NamedOptimizers.AdamW) is not { } adamW) return;
        var reference = adamW.ToDictionary(score => score.BatchSize, score => score.Loss);
        var gains = Figures.Plot("Test loss compared with AdamW's", size, gain);
        gains.Level(0, LinePattern.Solid);
        gains.Level(Margin, LinePattern.DenselyDashed, $"± {Margin} %");
        gains.Level(-Margin, LinePattern.DenselyDashed);
        foreach (var (i, group) in scores.Index().Where(group => group.Item.Key != NamedOptimizers.AdamW))
        {
            var shared = group.Where(score => reference.ContainsKey(score.BatchSize)).ToArray();
            var curve = gains.Curve(
                NamedOptimizers.Label(group.Key), colors[i], size, gain, [.. shared.Select(score => score.BatchSize)],
                [.. shared.Select(score => 100 * (1 - score.Loss / reference[score.BatchSize]))]);
            (curve.MarkerShape, curve.MarkerSize) = (MarkerShape.FilledCircle, 6);
        }
        Figures.Save(Path.Combine(folder, "figure-2d"), [gains]);
    }

    /// <summary>Prints the best mean test loss of each finished point, and its learning rate.</summary>
    public static void Print(string table)
    {
        var scores = Read(table);
        var grid = new Table().AddColumn(new TableColumn("Batch").RightAligned());
        foreach (var group in scores) grid.AddColumn(NamedOptimizers.Label(group.Key));
        foreach (var size in scores.SelectMany(group => group).Select(score => score.BatchSize).Distinct().Order())
        {
            var cells = scores.Select(group => group.Where(score => score.BatchSize == size).Select(Text).FirstOrDefault(""));
            grid.AddRow([size.ToString(CultureInfo.InvariantCulture), .. cells]);
        }
        AnsiConsole.Write(grid);
    }

    private static string Text(Score score) => double.IsNaN(score.Loss) ? "diverged"
        : string.Create(CultureInfo.InvariantCulture, $"{score.Loss:F4} ± {score.Deviation:F4} at {score.LearningRate:G2}");

    /// <summary>The scores of each optimizer, by batch size.</summary>
    private static IGrouping<string, Score>[] Read(string table) =>
    [
        .. from line in File.ReadLines(table).Index().Skip(1)
           let fields = line.Item.Split(',')
           let score = Parse(fields) ?? throw new InvalidDataException(
               $"'{table}', line {line.Index + 1}: expected an optimizer and the numbers of its score, as a scan writes best.csv.")
           orderby score.BatchSize
           group score by fields[0],
    ];

    private static Score? Parse(string[] fields)
    {
        double[] numbers =
            [.. fields.Skip(1).Take(6).Select(field => double.TryParse(field, CultureInfo.InvariantCulture, out var number) ? number : double.NaN)];
        return numbers is [> 0, _, _, _, var loss, var deviation]
            ? new Score(BatchSize: numbers[0], LearningRate: numbers[1], loss, deviation) : null;
    }

    /// <summary>The best mean test loss of an optimizer at a batch size, and the standard deviation over replicates.</summary>
    private readonly record struct Score(double BatchSize, double LearningRate, double Loss, double Deviation);
}
