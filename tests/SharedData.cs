using System.Runtime.CompilerServices;

namespace Focus.Tests;

/// <summary>Golden values, reference listings and data sets that lie in a folder <c>shared</c> beside the repository.</summary>
/// <remarks>Tests that need them are inconclusive (shown as skipped) where they are absent.</remarks>
internal static class SharedData
{
    /// <summary>The root of the repository.</summary>
    public static string Repository { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, ".."));

    /// <summary>The path of a shared file or folder, such as <c>golden/optimizers.json</c>.</summary>
    public static string Require(string relativePath)
    {
        var path = Path.GetFullPath(Path.Combine(Repository, "..", "shared", relativePath));
        if (!Path.Exists(path)) Assert.Inconclusive($"Skipped: {path} is not there.");
        return path;
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
