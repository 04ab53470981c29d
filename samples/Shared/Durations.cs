using static System.FormattableString;

namespace Samples;

/// <summary>Durations as they are shown.</summary>
internal static class Durations
{
    /// <summary>A duration in whole seconds, with its days where there are any, such as 1:02:03:04.</summary>
    public static string Text(TimeSpan duration) => Invariant($"{TimeSpan.FromSeconds(Math.Round(duration.TotalSeconds)):g}");
}
