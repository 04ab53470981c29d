namespace Focus;

/// <summary>An array read from a .npy file.</summary>
/// <param name="Values">The values in C order (the last axis varies fastest).</param>
/// <param name="Shape">The length of each axis.</param>
public sealed record NpyArray(double[] Values, IReadOnlyList<int> Shape);
