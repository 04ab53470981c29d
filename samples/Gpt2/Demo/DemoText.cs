namespace Gpt2Sample;

/// <summary>The text of the demo where none is named: the repository's own.</summary>
internal static class DemoText
{
    /// <summary>What it is, in short.</summary>
    public const string Description = "src/**/*.cs and README.md";

    /// <summary>The sources that are written, not generated, in the order of their names, and the page about them.</summary>
    /// <param name="repository">The repository's folder.</param>
    /// <exception cref="DirectoryNotFoundException">It is no such folder.</exception>
    public static string[] Files(string repository)
    {
        var sources = Path.Combine(repository, "src");
        if (!Directory.Exists(sources))
            throw new DirectoryNotFoundException(
                $"There is no folder '{sources}'; run the demo in the repository's folder, or give --text.");
        var generated = $"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}";
        var files = Directory.EnumerateFiles(sources, "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.AsSpan(sources.Length).Contains(generated, StringComparison.Ordinal));
        return [.. files.Order(StringComparer.Ordinal), Path.Combine(repository, "README.md")];
    }
}
