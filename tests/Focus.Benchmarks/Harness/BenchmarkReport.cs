using System.Text.Json;
using Spectre.Console;

namespace Focus.Benchmarks.Harness;

/// <summary>The figures of one suite: a table on the console, JSON lines in <c>artifacts/bench/{suite}.jsonl</c>.</summary>
internal sealed class BenchmarkReport(string suite)
{
    private readonly List<Figure> figures = [];

    private sealed record Figure(string Name, double Value, string Unit);

    public void Add(string name, double value, string unit) => figures.Add(new Figure(name, value, unit));

    /// <summary>A line for the reader, such as why something was left out.</summary>
    public void Note(string text) => AnsiConsole.MarkupLineInterpolated($"[grey]{suite}: {text}[/]");

    public void Write(string folder)
    {
        var table = new Table().Title(suite).AddColumn("name").AddColumn(new TableColumn("value").RightAligned()).AddColumn("unit");
        foreach (var figure in figures) table.AddRow(figure.Name, $"{figure.Value:G5}", figure.Unit);
        AnsiConsole.Write(table);

        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, suite + ".jsonl");
        File.WriteAllLines(path + ".tmp", figures.Select(f => JsonSerializer.Serialize(f, JsonSerializerOptions.Web)));
        File.Move(path + ".tmp", path, overwrite: true);
    }
}
