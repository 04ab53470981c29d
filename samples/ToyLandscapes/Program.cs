using System.CommandLine;
using Focus;
using Samples;
using ToyLandscapes;

string[] figures = ["1c", "2a", "2b", "4", "5", "6a", "6b"];
var figure = new Option<string?>("--figure")
{
    Description = "The figure: 1c paths, 2a phase diagram of sharpness and noise, 2b of weight decay and noise, 4 loss curves, "
        + "5 pairwise comparisons of 2a and 2b, 6a as 2b without rotation, 6b as 2b in 100 dimensions (a hundred times as long: use --resolution)",
    HelpName = string.Join('|', figures),
};
figure.Validators.Add(parsed =>
{
    if (parsed.GetValueOrDefault<string?>() is { } name && !figures.Contains(name))
        parsed.AddError($"--figure is '{name}'; valid are {string.Join(", ", figures)}.");
});
Option<bool> theory = new("--theory")
{
    Description = "Measures the regret of FOCUS on convex losses and compares it with the bound of the theory section",
};
Option<string[]> optimizers = new("--optimizers")
{
    Description = "Phase diagrams: at least two of adam, focus and signum, which have the paper's settings, and of the library's other element-wise "
        + "optimizers, such as lion or sgd, which have its defaults",
    AllowMultipleArgumentsPerToken = true,
    DefaultValueFactory = _ => ["adam", "focus", "signum"],
};
Option<int> resolution = new("--resolution")
{
    Description = "Phase diagrams: 1 is the paper's grid of 96 × 100 cells, N takes every Nth value of both axes, in 1/N² of the time",
    DefaultValueFactory = _ => 1,
};
Option<int> replicates = new("--replicates")
{
    Description = "Runs for each optimizer and learning rate, 50 in the paper", DefaultValueFactory = _ => 50,
};
Option<long> seed = new("--seed") { Description = "Seed of all random numbers", DefaultValueFactory = _ => 1 };
Option<string> shard = new("--shard")
{
    Description = "Phase diagrams: part i/n of the rows, such as 2/8, for n machines that share the output folder",
    DefaultValueFactory = _ => "1/1",
};
Option<string> output = new("--out")
{
    Description = "Folder of results; rows that are finished there are skipped", DefaultValueFactory = _ => "toy-landscapes",
};

var command = new RootCommand(
    "Reproduces the toy landscapes of the FOCUS paper (arXiv:2501.12243): raw losses (.npy), tables (.csv) and figures (.svg, .png).")
{
    figure, theory, optimizers, resolution, replicates, seed, shard, output,
};
command.Validators.Add(parsed =>
{
    if (parsed.GetValue(figure) is null && !parsed.GetValue(theory)) parsed.AddError("Give --figure or --theory (see --help).");
});
command.Run(
    (parsed, cancellation) =>
    {
        if (parsed.GetValue(resolution) is < 1 and var stride)
            throw new ArgumentException($"--resolution is {stride}; valid is a whole number, at least 1.");
        if (parsed.GetRequiredValue(optimizers) is not [_, _, ..] and var names)
            throw new ArgumentException($"--optimizers is '{string.Join(' ', names)}'; valid are at least two.");
        var simulation = new LandscapeSimulator.Options
        {
            Optimizers = [.. parsed.GetRequiredValue(optimizers).Select(Named)], Replicates = parsed.GetValue(replicates), Seed = parsed.GetValue(seed),
        };
        simulation.Validate();
        var session = new Session(
            parsed.GetRequiredValue(output), parsed.GetValue(resolution), Shard.Parse(parsed.GetRequiredValue(shard)), simulation, cancellation);
        Directory.CreateDirectory(session.Folder);
        switch (parsed.GetValue(figure))
        {
            case "1c": Paths.Draw(session); break;
            case "4": LossCurves.Draw(session); break;
            case "5": PhaseDiagrams.DrawPairs(session); break;
            case { } name: PhaseDiagrams.Draw(session, name); break;
        }
        if (parsed.GetValue(theory)) RegretCurves.Draw(session);
    },
    "interrupted. Finished rows are kept in --out; run the same command again to resume.");
return await command.RunAsync(args);

static LandscapeOptimizer Named(string name) => name.ToLowerInvariant() switch
{
    "adam" => LandscapeOptimizer.Adam(),
    "focus" => LandscapeOptimizer.Focus(),
    "signum" => LandscapeOptimizer.Signum(),
    _ => LandscapeOptimizer.From(Optimizers.Named(name)),
};
