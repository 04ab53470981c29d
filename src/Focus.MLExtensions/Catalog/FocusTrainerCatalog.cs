using Microsoft.ML.Runtime;

namespace Focus;

/// <summary>Trainers whose optimizer is an options object.</summary>
public sealed class FocusTrainerCatalog
{
    private readonly IHostEnvironment environment;

    internal FocusTrainerCatalog(IHostEnvironment environment) => this.environment = environment;

    /// <summary>A multi-layer perceptron for multiclass classification.</summary>
    /// <param name="options">Network, optimizer and length of the run.</param>
    /// <exception cref="ArgumentException">An option is invalid; the message names it, its value and the range.</exception>
    public MlpTrainer Mlp(MlpTrainer.Options options) => new(environment, options);

    /// <summary>A multi-layer perceptron for multiclass classification, with defaults for all but the optimizer.</summary>
    /// <param name="optimizer">The optimizer and its hyperparameters, such as <see cref="FocusOptions"/>.</param>
    /// <param name="labelColumnName">The label column: a key.</param>
    /// <param name="featureColumnName">The feature column: a vector of Single of known size.</param>
    /// <exception cref="ArgumentException">An option is invalid; the message names it, its value and the range.</exception>
    public MlpTrainer Mlp(OptimizerOptions optimizer, string labelColumnName = "Label", string featureColumnName = "Features")
        => Mlp(new MlpTrainer.Options { Optimizer = optimizer, LabelColumnName = labelColumnName, FeatureColumnName = featureColumnName });
}
