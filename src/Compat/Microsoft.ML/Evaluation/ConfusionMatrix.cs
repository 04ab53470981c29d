using System.Text;

namespace Microsoft.ML.Data;

/// <summary>How often each class was taken for each: rows are the true classes, columns the predicted ones.</summary>
public sealed class ConfusionMatrix
{
    private readonly string[] _classNames;

    internal ConfusionMatrix(double[][] counts, string[] classNames)
    {
        _classNames = classNames;
        Counts = counts;
        NumberOfClasses = counts.Length;
        PerClassRecall = counts.Select((row, i) => Share(row[i], row.Sum())).ToArray();
        PerClassPrecision = counts.Select((row, i) => Share(row[i], counts.Sum(other => other[i]))).ToArray();
    }

    public IReadOnlyList<double> PerClassPrecision { get; }

    public IReadOnlyList<double> PerClassRecall { get; }

    public IReadOnlyList<IReadOnlyList<double>> Counts { get; }

    public int NumberOfClasses { get; }

    public double GetCountForClassPair(int predictedClassIndicatorIndex, int actualClassIndicatorIndex)
    {
        Require.Argument(predictedClassIndicatorIndex >= 0 && predictedClassIndicatorIndex < NumberOfClasses, nameof(predictedClassIndicatorIndex),
            $"A class index is 0 to {NumberOfClasses - 1}, not {predictedClassIndicatorIndex}.");
        Require.Argument(actualClassIndicatorIndex >= 0 && actualClassIndicatorIndex < NumberOfClasses, nameof(actualClassIndicatorIndex),
            $"A class index is 0 to {NumberOfClasses - 1}, not {actualClassIndicatorIndex}.");
        return Counts[actualClassIndicatorIndex][predictedClassIndicatorIndex];
    }

    public string GetFormattedConfusionTable()
    {
        const int sideHeader = 9; // "PREDICTED"
        var cell = NumberOfClasses == 2 ? 8 : 5;
        var longest = _classNames.Max(name => name.Length);

        // Names too long for a cell are replaced by numbers there, and get the number in front at the side.
        var numbered = longest > cell;
        var digits = (NumberOfClasses - 1).ToString().Length;
        var side = Math.Max(sideHeader, numbered ? longest + digits + 2 : longest);
        var rule = string.Concat(Enumerable.Repeat(new string('=', cell + 3), NumberOfClasses));

        var table = new StringBuilder().AppendLine().AppendLine("Confusion table");
        table.AppendLine($"{Side("")}{rule}");
        table.Append(Side("PREDICTED"));
        for (var i = 0; i < NumberOfClasses; i++) table.Append($" {(numbered ? i.ToString() : _classNames[i]).PadLeft(cell)} |");
        table.AppendLine(" Recall");
        table.AppendLine($"{Side("TRUTH")}{rule}");
        for (var i = 0; i < NumberOfClasses; i++)
        {
            var name = numbered ? $"{i.ToString().PadLeft(digits)}. {_classNames[i].PadLeft(side - digits - 2)}" : _classNames[i].PadLeft(side);
            table.Append($"{name} ||");
            foreach (var count in Counts[i]) table.Append($" {count.ToString("N0").PadLeft(cell)} |");
            table.AppendLine($" {PerClassRecall[i],5:F4}");
        }

        table.AppendLine($"{Side("")}{rule}");
        table.Append(Side("Precision"));
        foreach (var precision in PerClassPrecision) table.Append($"{precision.ToString("N4").PadLeft(cell + 1)} |");
        return table.AppendLine().ToString();

        string Side(string text) => $"{text.PadRight(side)} ||";
    }

    private static double Share(double part, double whole) => whole > 0 ? part / whole : 0;
}
