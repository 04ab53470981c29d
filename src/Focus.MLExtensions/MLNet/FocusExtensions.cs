using System.Runtime.CompilerServices;
using Focus;

namespace Microsoft.ML;

/// <summary>Brings <c>mlContext.Focus</c> to ML.NET.</summary>
public static class FocusExtensions
{
    private static readonly ConditionalWeakTable<MLContext, FocusCatalog> Catalogs = [];

    extension(MLContext mlContext)
    {
        /// <summary>The FOCUS optimizer and its experiments: loaders, trainers and models.</summary>
        /// <exception cref="ArgumentNullException">The context is null.</exception>
        public FocusCatalog Focus => mlContext.GetFocus();
    }

    /// <summary>The same as <c>mlContext.Focus</c>, for compilers that do not know extension properties (before C# 14).</summary>
    /// <param name="mlContext">The context.</param>
    /// <returns>The context's one catalog.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="mlContext"/> is null.</exception>
    public static FocusCatalog GetFocus(this MLContext mlContext)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        lock (Catalogs) // The table alone could make two, and warn twice, when two threads ask first.
            return Catalogs.GetValue(mlContext, static context => new FocusCatalog(context));
    }
}
