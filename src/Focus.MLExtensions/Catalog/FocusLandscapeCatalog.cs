namespace Focus;

/// <summary>The toy landscapes of the paper (arXiv:2501.12243).</summary>
public sealed class FocusLandscapeCatalog
{
    internal FocusLandscapeCatalog()
    {
    }

    /// <summary>Simulates optimizers on L = ½·a·u²·v² − c·u, the valley that narrows as the loss falls, for each row of a view.</summary>
    /// <param name="options">Optimizers, runs and the cell values that the data have no column for; null for the paper's.</param>
    /// <exception cref="ArgumentException">An option is invalid; the message names it, its value and the range.</exception>
    public LandscapeScan NarrowingValley(LandscapeScan.Options? options = null) => Scan(Landscape.NarrowingValley, options);

    /// <summary>Simulates optimizers on L = ½·a·v² − c·u, the valley of the same width everywhere, for each row of a view.</summary>
    /// <inheritdoc cref="NarrowingValley"/>
    public LandscapeScan QuadraticValley(LandscapeScan.Options? options = null) => Scan(Landscape.QuadraticValley, options);

    private static LandscapeScan Scan(Landscape landscape, LandscapeScan.Options? options)
        => new((options ?? new LandscapeScan.Options()) with { Landscape = landscape });
}
