using Focus.Benchmarks.Harness;
using Focus.Benchmarks.Suites;
using Focus.Benchmarks.Suites.Gpt2;

if (args is [Gpt2Worker.Argument])
{
    Gpt2Worker.Serve();
    return 0;
}

// Use: Focus.Benchmarks [FILTER]: runs the suites whose name contains FILTER.
ISuite[] suites = [new OptimizerSuite(), new MlpSuite(), new MnistSuite(), new MnistScanSuite(), new Gpt2Suite(), new LandscapeSuite()];
var filter = args.FirstOrDefault() ?? "";
var chosen = suites.Where(suite => suite.Name.Contains(filter, StringComparison.OrdinalIgnoreCase)).ToList();
if (chosen.Count == 0)
{
    Console.Error.WriteLine($"No suite's name contains '{filter}'; there are {string.Join(", ", suites.Select(suite => suite.Name))}.");
    return 1;
}

foreach (var suite in chosen)
{
    var report = new BenchmarkReport(suite.Name);
    suite.Run(report);
    report.Write(Path.Combine("artifacts", "bench"));
}

return 0;
