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

    /// <summary>A multi-layer perceptron for multiclass classification: the same as <c>mlContext.Focus.Trainers.Mlp</c>, beside ML.NET's own
    /// trainers.</summary>
    /// <param name="catalog">The trainers of a context.</param>
    /// <param name="options">Network, optimizer and length of the run.</param>
    /// <exception cref="ArgumentException">An option is invalid; the message names it, its value and the range.</exception>
    /// <example>
    /// <code>
    /// var mlContext = new MLContext(seed: 1);
    /// var pipeline = mlContext.Transforms.Conversion.MapValueToKey("Label")
    ///     .Append(mlContext.MulticlassClassification.Trainers.FocusMlp(new MlpTrainer.Options
    ///     {
    ///         Optimizer = new FocusOptions { LearningRate = 1e-3 },
    ///         HiddenWidths = [64, 64],
    ///         MaxSteps = 500,
    ///     }))
    ///     .Append(mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
    /// </code>
    /// </example>
    public static MlpTrainer FocusMlp(this MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog, MlpTrainer.Options options)
        => FocusTrainers(catalog).Mlp(options);

    /// <summary>A multi-layer perceptron for multiclass classification with defaults for all but the optimizer.</summary>
    /// <param name="catalog">The trainers of a context.</param>
    /// <param name="optimizer">The optimizer and its hyperparameters, such as <see cref="FocusOptions"/>.</param>
    /// <param name="labelColumnName">The label column: a key.</param>
    /// <param name="featureColumnName">The feature column: a vector of Single of known size.</param>
    /// <exception cref="ArgumentException">An option is invalid; the message names it, its value and the range.</exception>
    public static MlpTrainer FocusMlp(
        this MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog, OptimizerSettings optimizer,
        string labelColumnName = "Label", string featureColumnName = "Features")
        => FocusTrainers(catalog).Mlp(optimizer, labelColumnName, featureColumnName);

    private static FocusTrainerCatalog FocusTrainers(MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new FocusTrainerCatalog(MlNetInternals.Current.EnvironmentOf(catalog));
    }
}
