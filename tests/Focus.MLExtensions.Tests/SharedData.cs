using System.Runtime.CompilerServices;

namespace Focus.Tests;

/// <summary>What tests read: golden values, which lie in the repository, and data sets, which are too large for it.</summary>
internal static class SharedData
{
    /// <summary>The root of the repository.</summary>
    public static string Repository { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", ".."));

    /// <summary>The path of a file or folder of golden values, such as <c>optimizers.json</c>.</summary>
    public static string Golden(string name)
    {
        var path = Path.Combine(Repository, "tests", "Focus.MLExtensions.Tests", "Golden", name);
        if (!Path.Exists(path)) Assert.Fail($"{path} is missing.");
        return path;
    }

    /// <summary>The path of a data set, such as <c>data/mnist</c>, in a folder <c>shared</c> beside the repository; where it is absent, the test
    /// is inconclusive (shown as skipped).</summary>
    public static string Require(string relativePath)
    {
        var path = Path.GetFullPath(Path.Combine(Repository, "..", "shared", relativePath));
        if (!Path.Exists(path)) Assert.Inconclusive($"Skipped: {path} is not there.");
        return path;
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
