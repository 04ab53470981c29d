using Spectre.Console;

namespace Gpt2Sample;

/// <summary>Runs contenders on the same data in the same order; a run that is over is not repeated.</summary>
/// <param name="folder">Gets a folder for each run.</param>
/// <param name="cancellation">Ends the run under way with a checkpoint.</param>
internal sealed class Comparison(string folder, CancellationToken cancellation)
{
    /// <summary>Runs all contenders with the first seed, and each group's best with the others, too.</summary>
    /// <param name="groups">Contenders of which only the best is interesting, such as one optimizer at several learning rates.</param>
    /// <param name="seeds">At least one.</param>
    /// <returns>For each group what became of its contenders, the best first.</returns>
    /// <exception cref="OperationCanceledException">The comparison was cancelled.</exception>
    public IReadOnlyList<IReadOnlyList<Outcome>> Run(IReadOnlyList<IReadOnlyList<Contender>> groups, IReadOnlyList<int> seeds)
    {
        // What cannot run is found before hours have gone into the others.
        foreach (var contender in groups.SelectMany(group => group))
        {
            TrainingRun.Validate(contender.Settings);
            foreach (var seed in seeds) Finished(FolderOf(contender, seed), contender.Settings with { Seed = seed });
        }
        var ranked = groups.Select(group => Rank(group, seeds[0])).ToArray();
        foreach (var group in ranked) group[0] = RunAll(group[0].Contender, seeds);
        return ranked;
    }

    private Outcome[] Rank(IReadOnlyList<Contender> group, int seed) =>
        [.. group.Select(contender => RunAll(contender, [seed])).OrderBy(outcome => outcome.FinalLoss)];

    private Outcome RunAll(Contender contender, IReadOnlyList<int> seeds) =>
        new(contender, [.. seeds.Select(seed => Run(contender, seed))]);

    private (int, RunResult, LossCurve) Run(Contender contender, int seed)
    {
        var settings = contender.Settings with { Seed = seed };
        var run = FolderOf(contender, seed);
        var result = Finished(run, settings) ?? Train(run, settings, $"{contender.Label}, seed {seed}");
        return (seed, result, LossCurve.Read(run.Metrics, settings.TokensPerStep));
    }

    private RunFolder FolderOf(Contender contender, int seed) => new(Path.Combine(folder, "runs", $"{contender.Name}-seed-{seed}"));

    /// <summary>The result of an earlier call, which must have been asked for the same.</summary>
    private static RunResult? Finished(RunFolder run, RunSettings settings)
    {
        if (!File.Exists(run.Result)) return null;
        if (SettingsFile.Read(run.Settings, settings) != settings)
            throw new InvalidDataException($"'{run.Path}' holds a run with other settings; choose another --out, or delete it.");
        return RunResult.Read(run.Result);
    }

    private RunResult Train(RunFolder run, RunSettings settings, string title)
    {
        var result = TrainingDisplay.Show(title, progress => TrainingRun.Complete(settings, run, progress, cancellation))
            ?? throw new OperationCanceledException(cancellation);
        var outcome = result.Divergence ?? FormattableString.Invariant($"loss {Outcome.FinalLossOf(result):F4} at the end");
        AnsiConsole.WriteLine($"{title}: {outcome}");
        return result;
    }
}
