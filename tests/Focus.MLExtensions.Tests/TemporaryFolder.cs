namespace Focus.MLExtensions.Tests;

/// <summary>An empty folder that goes with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("focus-tests-").FullName;

    public IEnumerable<string> FileNames => Directory.EnumerateFiles(Path).Select(System.IO.Path.GetFileName)!;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
