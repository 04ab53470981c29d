using Focus;

namespace Samples;

/// <summary>The names of the library's optimizers in files and on command lines.</summary>
internal static class OptimizerNames
{
    /// <summary>All names, separated by commas.</summary>
    public static string All { get; } = string.Join(", ", Optimizers.All.Select(Of));

    /// <summary>The name of an optimizer.</summary>
    public static string Of(OptimizerSettings optimizer) => optimizer.Name.ToLowerInvariant();

    /// <summary>The library's defaults of an optimizer, or null where there is no such optimizer.</summary>
    public static OptimizerSettings? Find(string name)
    {
        try
        {
            return Optimizers.Named(name);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
