using System.CommandLine;
using System.CommandLine.Invocation;
using Samples;
using ToyLandscapes;

string[] figures = ["1c", "2a", "2b", "4", "5", "6a", "6b"];
var figure = new Option<string?>("--figure")
{
    Description = "The figure: 1c paths, 2a phase diagram of sharpness and noise, 2b of weight decay and noise, 4 loss curves, "
        + "5 pairwise comparisons of 2a and 2b, 6a as 2b without rotation, 6b as 2b in 100 dimensions (which takes a hundred times as long: mind --resolution)",
    HelpName = string.Join('|', figures),
};
figure.Validators.Add(parsed =>
{
    if (parsed.GetValueOrDefault<string?>() is { } name && !figures.Contains(name))
        parsed.AddError($"--figure is '{name}'; valid are {string.Join(", ", figures)}.");
});
var theory = new Option<bool>("--theory")
{
    Description = "The regret of FOCUS on convex losses, measured, beside the bound of the theory section",
};
var resolution = new Option<int>("--resolution")
{
    Description = "Phase diagrams: 1 is the paper's grid of 96 × 100 cells, N takes every Nth value of both axes, in 1/N² of the time",
    DefaultValueFactory = _ => 1,
};
var replicates = new Option<int>("--replicates")
{
    Description = "Runs for each optimizer and learning rate, 50 in the paper",
    DefaultValueFactory = _ => 50,
};
var seed = new Option<long>("--seed") { Description = "Seeds all random numbers", DefaultValueFactory = _ => 1 };
var shard = new Option<string>("--shard")
{
    Description = "Phase diagrams: part i/n of the rows, such as 2/8, for n machines that share the output folder",
    DefaultValueFactory = _ => "1/1",
};
var output = new Option<string>("--out")
{
    Description = "The folder of results; what is finished there is not made again",
    DefaultValueFactory = _ => "toy-landscapes",
};

var command = new RootCommand(
    "Reproduces the toy landscapes of the FOCUS paper (arXiv:2501.12243): raw losses (.npy), tables (.csv) and figures (.svg, .png).")
{
    figure, theory, resolution, replicates, seed, shard, output,
};
command.Validators.Add(parsed =>
{
    if (parsed.GetValue(figure) is null && !parsed.GetValue(theory))
        parsed.AddError("There is nothing to do; give --figure or --theory (--help explains).");
});
command.Run(
    (parsed, cancellation) => Session.Run(
        new Arguments(
            parsed.GetValue(figure), parsed.GetValue(theory), parsed.GetValue(resolution), parsed.GetValue(replicates), parsed.GetValue(seed),
            parsed.GetRequiredValue(shard), parsed.GetRequiredValue(output)),
        cancellation),
    "interrupted. Finished rows are kept in --out; the same command goes on from there.");

var result = command.Parse(args);
if (result.Action is ParseErrorAction error) error.ShowHelp = false;
return await result.RunAsync();
