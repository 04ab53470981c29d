using Microsoft.Extensions.FileSystemGlobbing;

namespace Focus;

/// <summary>Finds the files of a corpus.</summary>
internal static class CorpusFiles
{
    private static readonly char[] Separators = [Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar];

    /// <summary>The files that paths name, each once, those of one path in ordinal order.</summary>
    /// <param name="paths">Files, folders and patterns.</param>
    /// <param name="namesInFolders">The pattern of file names that a folder stands for.</param>
    /// <exception cref="FileNotFoundException">A path names no file.</exception>
    public static IReadOnlyList<string> Find(IEnumerable<string> paths, string namesInFolders)
    {
        ArgumentNullException.ThrowIfNull(paths);
        string[] files = [.. paths.SelectMany(path => Find(path, namesInFolders)).DistinctBy(file => Path.GetFullPath(file))];
        return files.Length > 0 ? files
            : throw new ArgumentException("Expected at least one file, folder or pattern, found none.", nameof(paths));
    }

    /// <summary>The sum of the files' lengths in bytes.</summary>
    public static long Length(IReadOnlyList<string> files) => files.Sum(file => new FileInfo(file).Length);

    private static IEnumerable<string> Find(string path, string namesInFolders)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (File.Exists(path)) return [path];
        if (Directory.Exists(path)) return Match(path, "**/" + namesInFolders, path);
        var wildcard = path.IndexOf('*');
        if (wildcard < 0) throw new FileNotFoundException($"Expected a file, a folder or a pattern at {path}, found nothing.", path);
        var folderEnd = path.LastIndexOfAny(Separators, wildcard) + 1;
        return Match(folderEnd == 0 ? "." : path[..folderEnd], path[folderEnd..], path);
    }

    private static IReadOnlyList<string> Match(string folder, string pattern, string path)
    {
        var matcher = new Matcher(StringComparison.Ordinal).AddInclude(pattern);
        string[] files = Directory.Exists(folder) ? [.. matcher.GetResultsInFullPath(folder)] : [];
        if (files.Length == 0)
            throw new FileNotFoundException($"No file matches {path}: looked for {pattern} in {Path.GetFullPath(folder)}.", path);
        Array.Sort(files, StringComparer.Ordinal);
        return files;
    }
}
