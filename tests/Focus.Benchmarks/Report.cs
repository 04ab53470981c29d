using System.Text.Json;
using Spectre.Console;

namespace Focus.Benchmarks;

/// <summary>The figures of one suite: a table on the console, and JSON lines in <c>artifacts/bench/{suite}.jsonl</c>, of which the first
/// describes the machine.</summary>
internal sealed class Report(string suite)
{
    /// <summary>Where reports are filed, under the current folder.</summary>
    public static readonly string Folder = Path.Combine("artifacts", "bench");

    private readonly List<Figure> figures = [];

    private sealed record Figure(string Name, double Value, string Unit);

    public void Add(string name, double value, string unit) => figures.Add(new Figure(name, value, unit));

    /// <summary>Adds a figure of ours, TorchSharp's, and their ratio; below 1 ours is the smaller.</summary>
    public void Compare(string name, double ours, double theirs, string unit)
    {
        Add(name, ours, unit);
        Add($"torchsharp_{name}", theirs, unit);
        Add($"{name}_vs_torchsharp", ours / theirs, "ratio");
    }

    public void Write()
    {
        var machine = Machine.Describe();
        var table = new Table().Title(suite).Caption(Markup.Escape(machine.ToString()))
            .AddColumn("figure").AddColumn(new TableColumn("value").RightAligned()).AddColumn("unit");
        foreach (var figure in figures) table.AddRow(Markup.Escape(figure.Name), $"{figure.Value:G5}", figure.Unit);
        AnsiConsole.Write(table);

        AtomicFile.Write(Path.Combine(Folder, $"{suite}.jsonl"), stream =>
        {
            using var lines = new StreamWriter(stream, leaveOpen: true);
            foreach (var line in figures.Prepend<object>(machine))
                lines.WriteLine(JsonSerializer.Serialize(line, JsonSerializerOptions.Web));
        });
    }
}
