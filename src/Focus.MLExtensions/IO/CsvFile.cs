using System.Globalization;

namespace Focus;

/// <summary>Tables of numbers as .csv files, in the invariant culture and with all digits.</summary>
public static class CsvFile
{
    /// <summary>Writes a table; the file appears, or replaces another, as a whole.</summary>
    /// <param name="path">Where.</param>
    /// <param name="columns">The columns' names, without commas and quotes.</param>
    /// <param name="rows">The rows, each with a number for each column.</param>
    /// <exception cref="ArgumentException">A row has more or fewer numbers than there are columns.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<double>> rows) =>
        AtomicFile.Write(path, stream =>
        {
            using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
            writer.WriteLine(string.Join(',', columns));
            foreach (var row in rows)
            {
                if (row.Count != columns.Count)
                    throw new ArgumentException($"A row holds {row.Count} numbers; there are {columns.Count} columns.", nameof(rows));
                writer.WriteLine(string.Join(',', row.Select(value => value.ToString("R", CultureInfo.InvariantCulture))));
            }
        });
}
