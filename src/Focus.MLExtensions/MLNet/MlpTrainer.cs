using Microsoft.ML;
using Microsoft.ML.Runtime;
using TorchSharp;
using static System.FormattableString;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Trains a multi-layer perceptron for multiclass classification with any of this library's optimizers.</summary>
/// <remarks>
/// <para>
/// Input: a label column, a key with at least two classes, and a feature column, a vector of Single of known size; on request a column of example
/// weights. Output: <c>Score</c>, the class probabilities (vector of Single, slots named after the label's key values), and <c>PredictedLabel</c>, a key with
/// the label's key values (missing where no probability is a number).
/// </para>
/// <para>
/// Rows whose label is missing are left out with a warning in <c>MLContext.Log</c>. The data are held in memory, sparse rows as
/// they are. With a seed, in the options or in the context, runs on the CPU repeat.
/// </para>
/// <para>Characteristics:</para>
/// <list type="table">
/// <item><term>Machine learning task</term><description>Multiclass classification</description></item>
/// <item><term>Is normalization required?</term><description>No with <see cref="Options.BatchNormalization"/>, the default; otherwise yes</description></item>
/// <item><term>Is caching required?</term><description>No</description></item>
/// <item><term>Required NuGet in addition to Microsoft.ML</term><description>Focus.MLExtensions and TorchSharp-cpu, or another native package of
/// TorchSharp</description></item>
/// <item><term>Exportable to ONNX</term><description>Yes</description></item>
/// </list>
/// </remarks>
public sealed class MlpTrainer : IEstimator<MlpTransformer>
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
    /// <returns>The trained model. After a cancellation, by the options' token or the context (<c>CancelExecution</c>): the model as far as it was
    /// trained, with a warning in the log.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of the wrong type.</exception>
    /// <exception cref="ArgumentException">A batch is larger than the data, or the schedule longer than the run.</exception>
    /// <exception cref="InvalidOperationException">There are no labelled rows, all have one label or weight 0, or a feature or a weight is
    /// not a number that it can be.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled while data were read.</exception>
    /// <exception cref="TrainingDivergedException">The loss turned NaN or infinite.</exception>
    public MlpTransformer Fit(IDataView input, IDataView? evaluationSet)
    {
        ArgumentNullException.ThrowIfNull(input);
        var columns = ClassificationColumns.Find(
            input.Schema, options.FeatureColumnName, options.LabelColumnName, options.ExampleWeightColumnName);
        var evaluationColumns = evaluationSet is null ? null : columns.FindAgain(evaluationSet.Schema);

        using var channel = host.Start("Training");
        using var cancellation = new ExecutionCancellation(host, options.CancellationToken);
        using var train = ClassificationReader.Read(input, columns, channel, cancellation.Token);
        RequireTwoClasses(train);
        using var evaluation = evaluationSet is null ? null : ClassificationReader.Read(evaluationSet, evaluationColumns!, channel, cancellation.Token);

        var seed = options.Seed ?? host.Rand.Next();
        var network = new Mlp(columns.Width, options.HiddenWidths, columns.Classes, options.BatchNormalization, seed);
        try
        {
            Train(network, train, evaluation, seed, channel, cancellation.Token);
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
        ColumnRole.Features.Find(inputSchema, options.FeatureColumnName);
        var label = ColumnRole.Label.Find(inputSchema, options.LabelColumnName);
        const int anyClasses = 2; // Shapes do not hold sizes.
        if (options.ExampleWeightColumnName is { } weight) ColumnRole.ExampleWeight.Find(inputSchema, weight);
        var values = label.Annotations.Where(annotation => annotation.Name == KeyValues.Kind).Select(KeyValueType.Of).FirstOrDefault()?.Defaults(anyClasses);
        return inputSchema.With(ScoreColumns.Of(anyClasses, values));
    }

    private void Train(
        Mlp network, ClassificationData train, ClassificationData? evaluation, int seed, IChannel channel, CancellationToken cancellation)
    {
        var log = new TrainingLog<TrainingProgress>(
            channel, options.Progress, step => (step.Step, step.TotalSteps, step.Elapsed, step.Evaluation is not null), Measures);
        var run = options with { Seed = seed, Progress = log, CancellationToken = cancellation };
        var result = new ClassifierTraining(network, network.ParameterGroups, run).Run(train, evaluation);
        if (result.Cancelled) log.WarnOfCancellation(result.Steps);
    }

    private static string Measures(TrainingProgress progress)
    {
        var evaluation = progress.Evaluation is { } result ? Invariant($", evaluation loss {result.Loss:g5}, accuracy {result.Accuracy:p2}") : "";
        return Invariant($"loss {progress.Loss:g5}{evaluation}, learning rate {progress.LearningRate:g3}");
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

    /// <summary>Settings of <see cref="MlpTrainer"/>; the defaults are the paper's MNIST network and run (arXiv:2501.12243).</summary>
    public sealed record Options : TrainingOptions
    {
        /// <summary>The label column: a key.</summary>
        public string LabelColumnName { get; init; } = "Label";

        /// <summary>The feature column: a vector of Single of known size.</summary>
        public string FeatureColumnName { get; init; } = "Features";

        /// <summary>The column of how much each row counts, Single, finite and at least 0; null where all count alike.</summary>
        /// <remarks>The loss of a batch, and loss and accuracy of an evaluation, are means with these weights. The evaluation set needs the column,
        /// too.</remarks>
        public string? ExampleWeightColumnName { get; init; }

        /// <summary>The widths of the hidden layers, each ≥ 1; none for a linear classifier.</summary>
        public IReadOnlyList<int> HiddenWidths { get; init; } = [128, 128, 128, 128, 128];

        /// <summary>Whether each linear layer's input is batch-normalised; takes batches of at least 2 rows.</summary>
        public bool BatchNormalization { get; init; } = true;

        /// <summary>The data to evaluate on every <see cref="TrainingRunOptions.EvaluationInterval"/> steps and at the end; null for
        /// none.</summary>
        /// <remarks>In a chain, it must be as the chain's earlier part leaves it.</remarks>
        public IDataView? EvaluationSet { get; init; }

        /// <inheritdoc/>
        public override void Validate()
        {
            base.Validate();
            ArgumentException.ThrowIfNullOrEmpty(LabelColumnName);
            ArgumentException.ThrowIfNullOrEmpty(FeatureColumnName);
            if (ExampleWeightColumnName is not null) ArgumentException.ThrowIfNullOrEmpty(ExampleWeightColumnName);
            ArgumentNullException.ThrowIfNull(HiddenWidths);
            foreach (var width in HiddenWidths) Check.AtLeast(1, width, nameof(HiddenWidths));
            if (BatchNormalization && BatchSize < 2)
                throw Check.OutOfRange(nameof(BatchSize), BatchSize, $"at least 2 with {nameof(BatchNormalization)}");
        }
    }
}
