using Microsoft.ML;
using Microsoft.ML.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Trains a multi-layer perceptron for multiclass classification with any of this library's optimizers.</summary>
/// <remarks>
/// <para>
/// Input: a label column, a key of any type with at least two classes, and a feature column, a vector of Single of known size. Output:
/// <c>Score</c>, the class probabilities (vector of Single, slots named after the label's key values), and <c>PredictedLabel</c>, a key with
/// the label's key values (missing where no probability is a number).
/// </para>
/// <para>
/// Rows whose label is missing are left out with a warning in <c>MLContext.Log</c>. The data are held in memory. With a seed, in the
/// options or in the context, runs on the CPU repeat.
/// </para>
/// </remarks>
public sealed partial class MlpTrainer : IEstimator<MlpTransformer>
{
    private readonly IHost host;
    private readonly Options options;

    internal MlpTrainer(IHostEnvironment environment, Options options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        host = environment.Register(nameof(MlpTrainer));
        this.options = options;
    }

    /// <summary>Trains on data, and evaluates on <see cref="Options.EvaluationSet"/> where there is one.</summary>
    /// <inheritdoc cref="Fit(IDataView, IDataView?)"/>
    public MlpTransformer Fit(IDataView input) => Fit(input, options.EvaluationSet);

    /// <summary>Trains on data, and evaluates on another set as often as the options ask for, with the results in progress and
    /// log.</summary>
    /// <param name="input">The data to learn from.</param>
    /// <param name="evaluationSet">The data to evaluate on, with the same label and feature columns; null for none.</param>
    /// <returns>The trained model. After a cancellation: the model as far as it was trained, with a warning in the log.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of the wrong type.</exception>
    /// <exception cref="ArgumentException">A batch is larger than the data, or the schedule longer than the run.</exception>
    /// <exception cref="InvalidOperationException">There are no labelled rows, all have one label, or a feature is NaN or
    /// infinite.</exception>
    /// <exception cref="TrainingDivergedException">The loss turned NaN or infinite.</exception>
    public MlpTransformer Fit(IDataView input, IDataView? evaluationSet)
    {
        ArgumentNullException.ThrowIfNull(input);
        var columns = ClassificationColumns.Find(input.Schema, options.FeatureColumnName, options.LabelColumnName);
        var evaluationColumns = evaluationSet is null ? null : columns.FindAgain(evaluationSet.Schema);

        using var channel = host.Start("Training");
        using var train = ClassificationReader.Read(input, columns, channel);
        RequireTwoClasses(train);
        using var evaluation = evaluationSet is null ? null : ClassificationReader.Read(evaluationSet, evaluationColumns!, channel);

        var seed = options.Seed ?? host.Rand.Next();
        var network = new Mlp(columns.Width, options.HiddenWidths, columns.Classes, options.BatchNormalization, seed);
        try
        {
            Train(network, train, evaluation, seed, channel);
        }
        catch
        {
            network.Dispose();
            throw;
        }
        return new MlpTransformer(network, new MlpConfiguration(
            options.FeatureColumnName, columns.Width, [.. options.HiddenWidths], columns.Classes, options.BatchNormalization, columns.LabelValues));
    }

    /// <summary>The columns of the output: those of the input, <c>Score</c> and <c>PredictedLabel</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return ClassificationShape.Output(inputSchema, options.FeatureColumnName, options.LabelColumnName);
    }

    private void Train(Mlp network, ClassificationData train, ClassificationData? evaluation, int seed, IChannel channel)
    {
        var log = new TrainingLog(channel, options.Progress);
        var run = options with { Seed = seed, Progress = log };
        var result = new ClassifierTraining(network, network.ParameterGroups, run).Run(train, evaluation);
        if (result.Cancelled)
            channel.Warning(MessageSensitivity.None, "{0}", $"Training was cancelled after {result.Steps} steps; the model is as trained so far.");
    }

    private void RequireTwoClasses(ClassificationData data)
    {
        using var scope = NewDisposeScope();
        var first = data.Labels.narrow(0, 0, 1);
        if (data.Labels.eq(first).sum().ToDouble() == data.Count)
            throw new InvalidOperationException(
                $"All {data.Count} rows have the same label in column '{options.LabelColumnName}', key {first.ToDouble() + 1}; " +
                "expected at least two classes.");
    }
}
