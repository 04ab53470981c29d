namespace Focus.Tests;

internal static class Optimizers
{
    public static IReadOnlyList<LandscapeOptimizer> All { get; } =
        [LandscapeOptimizer.Adam(), LandscapeOptimizer.Focus(), LandscapeOptimizer.Signum(), LandscapeOptimizer.Lion()];

    public static LandscapeOptimizer Named(string name) => All.Single(optimizer => optimizer.Name == name);
}
