using System.Globalization;

namespace Focus;

/// <summary>Tables as .csv files, in the invariant culture and with all digits of numbers.</summary>
public static class CsvFile
{
    /// <summary>Writes a table; the file appears, or replaces another, as a whole.</summary>
    /// <param name="path">The file.</param>
    /// <param name="columns">The columns' names, without commas and quotes.</param>
    /// <param name="rows">The rows, each with a value for each column: numbers, or texts without commas and quotes.</param>
    /// <exception cref="ArgumentException">A row has more or fewer values than there are columns.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write<T>(string path, IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<T>> rows) =>
        AtomicFile.Write(path, stream =>
        {
            using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
            writer.WriteLine(string.Join(',', columns));
            foreach (var row in rows)
            {
                if (row.Count != columns.Count)
                    throw new ArgumentException($"A row holds {row.Count} values; there are {columns.Count} columns.", nameof(rows));
                writer.WriteLine(string.Join(',', row.Select(value => Convert.ToString(value, CultureInfo.InvariantCulture))));
            }
        });
}
