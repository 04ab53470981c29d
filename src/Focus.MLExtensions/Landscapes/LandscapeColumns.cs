using Microsoft.ML;
using Microsoft.ML.Data;

namespace Focus;

/// <summary>The columns a scan adds: <see cref="PerOptimizer"/> for each optimizer, Winner and, on request, RawLosses.</summary>
internal static class LandscapeColumns
{
    public const int PerOptimizer = 3, Loss = 0, LearningRate = 1, StandardError = 2;

    public static IEnumerable<DataViewSchema.DetachedColumn> Of(LandscapeScan.Options options)
    {
        string[] names = [.. options.Optimizers.Select(optimizer => optimizer.Name)];
        foreach (var prefix in names.Select(Capitalized))
        {
            yield return new($"{prefix}{nameof(Loss)}", NumberDataViewType.Double);
            yield return new($"{prefix}{nameof(LearningRate)}", NumberDataViewType.Double);
            yield return new($"{prefix}{nameof(StandardError)}", NumberDataViewType.Double);
        }

        var winners = new DataViewSchema.Annotations.Builder();
        new KeyValues(KeyValueType.Text.Name, names).AddTo(winners);
        yield return new("Winner", new KeyDataViewType(typeof(uint), names.Length), winners.ToAnnotations());
        if (options.RawLosses) yield return new(nameof(options.RawLosses), new VectorDataViewType(NumberDataViewType.Double, Dimensions(options)));
    }

    private static int[] Dimensions(LandscapeScan.Options options)
    {
        int[] runs = [options.Optimizers.Count, options.LearningRates.Count, options.Replicates];
        return options.Metrics == 1 ? runs : [.. runs, options.Metrics];
    }

    /// <summary>FOCUS gives columns that start with Focus.</summary>
    private static string Capitalized(string name) => name[..1] + name[1..].ToLowerInvariant();
}
