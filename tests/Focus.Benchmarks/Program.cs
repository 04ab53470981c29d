using Focus.Benchmarks;

if (args is [Gpt2Worker.Command, var side])
{
    Gpt2Worker.Serve(Enum.Parse<Gpt2Side>(side));
    return 0;
}

// Use: Focus.Benchmarks [FILTER]: runs the suites whose name contains FILTER.
(string Name, Action<Report> Run)[] suites =
[
    ("optimizers", OptimizerSuite.Run),
    ("matrices", OptimizerSuite.RunMatrices),
    ("mlp", MlpSuite.Run),
    ("gpt2", Gpt2Suite.Run),
    ("tokenizer", TokenizerSuite.Run),
    ("landscapes", LandscapeSuite.Run),
    ("micro", MicroBenchmarks.Run),
];
var filter = args.FirstOrDefault() ?? "";
var chosen = suites.Where(suite => suite.Name.Contains(filter, StringComparison.OrdinalIgnoreCase)).ToList();
if (chosen.Count == 0)
{
    Console.Error.WriteLine($"No suite's name contains '{filter}'; there are {string.Join(", ", suites.Select(suite => suite.Name))}.");
    return 1;
}

foreach (var suite in chosen)
{
    var report = new Report(suite.Name);
    suite.Run(report);
    report.Write();
}

return 0;
