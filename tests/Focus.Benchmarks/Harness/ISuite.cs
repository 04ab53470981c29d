namespace Focus.Benchmarks.Harness;

/// <summary>Benchmarks that belong together.</summary>
internal interface ISuite
{
    /// <summary>The suite's name, by which it is chosen and its results are filed.</summary>
    string Name { get; }

    void Run(BenchmarkReport report);
}
