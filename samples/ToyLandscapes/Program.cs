using System.CommandLine;
using Focus;
using Samples;
using ToyLandscapes;

var figure = new Option<string?>("--figure")
{
    Description = "The figure: 1c paths, 2a phase diagram of sharpness and noise, 2b of weight decay and noise, 4 loss curves, "
        + "5 pairwise comparisons of 2a and 2b, 6a as 2b without rotation, 6b as 2b in 100 dimensions (a hundred times as long: use --resolution)",
};
figure.TakeOnly("1c", "2a", "2b", "4", "5", "6a", "6b");
Option<bool> theory = new("--theory")
{
    Description = "Measures the regret of FOCUS on convex losses and compares it with the bound of the theory section",
};
var optimizers = Lists.Option(
    "--optimizers",
    "Phase diagrams: at least two of adam, focus and signum, which have the paper's settings, and of the library's other element-wise optimizers, such as "
        + "lion or sgd, which have its defaults [default: adam,focus,signum]",
    name => Named(name).Name.ToLowerInvariant());
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
    HelpName = "i/n", DefaultValueFactory = _ => "1/1",
};
Option<string> output = new("--out")
{
    Description = "Folder of results; rows that are finished there are skipped", HelpName = "folder", DefaultValueFactory = _ => "toy-landscapes",
};

var command = new RootCommand(
    "Reproduces the toy landscapes of the FOCUS paper (arXiv:2501.12243): raw losses (.npy), tables (.csv) and figures (.svg, .png).")
{
    figure, theory, optimizers, resolution, replicates, seed, shard, output,
};
command.Validators.Add(parsed =>
{
    if (parsed.GetResult(figure) is null && parsed.GetResult(theory) is null) parsed.AddError("Give --figure or --theory (see --help).");
});
command.Run(
    (parsed, cancellation) =>
    {
        if (parsed.GetValue(resolution) is < 1 and var stride)
            throw new ArgumentException($"--resolution is {stride}; valid is a whole number, at least 1.");
        var names = parsed.GetValue(optimizers) is [_, ..] given ? given : ["adam", "focus", "signum"];
        if (names.Length < 2) throw new ArgumentException($"--optimizers is '{names[0]}'; valid are at least two.");
        var simulation = new LandscapeSimulator.Options
        {
            Optimizers = [.. names.Select(Named)], Replicates = parsed.GetValue(replicates), Seed = parsed.GetValue(seed),
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
