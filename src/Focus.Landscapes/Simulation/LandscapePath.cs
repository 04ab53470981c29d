namespace Focus;

/// <summary>The path of one run in the valley's coordinates.</summary>
public sealed class LandscapePath
{
    internal LandscapePath(Landscape landscape, LandscapeCell cell, double[] points)
    {
        U = new double[points.Length / 2];
        V = new double[U.Length];
        Loss = new double[U.Length];
        for (var i = 0; i < U.Length; i++)
        {
            (U[i], V[i]) = (points[2 * i], points[2 * i + 1]);
            Loss[i] = landscape.Loss(cell, U[i], V[i]);
        }
    }

    /// <summary>The coordinate on the axis, at the start and after each step.</summary>
    public double[] U { get; }

    /// <summary>The coordinate across the axis, at the start and after each step; beyond two dimensions the distance from it.</summary>
    public double[] V { get; }

    /// <summary>The loss, at the start and after each step.</summary>
    public double[] Loss { get; }
}
