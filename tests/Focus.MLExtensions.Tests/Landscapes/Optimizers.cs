namespace Focus.Tests;

internal static class Optimizers
{
    public static IReadOnlyList<LandscapeOptimizer> All { get; } =
        [LandscapeOptimizer.Adam(), LandscapeOptimizer.Focus(), LandscapeOptimizer.Signum(), LandscapeOptimizer.Lion()];

    /// <summary>Optimizers that run by the library's rules, of each kind: with three states, sums, curvature, an average.</summary>
    public static IReadOnlyList<LandscapeOptimizer> OfRules { get; } =
    [
        LandscapeOptimizer.From(new SgdOptions { Momentum = 0.5 }), LandscapeOptimizer.From(new AdEMAMixOptions { AlphaWarmup = 20 }),
        LandscapeOptimizer.From(new CautiousAdamWOptions()), LandscapeOptimizer.From(new SophiaGOptions { CurvatureInterval = 3 }),
        LandscapeOptimizer.From(new AdaHessianOptions { HessianPower = 0.7 }), LandscapeOptimizer.From(new ScheduleFreeAdamWOptions()),
    ];

    public static LandscapeOptimizer Named(string name) => All.Single(optimizer => optimizer.Name == name);
}
