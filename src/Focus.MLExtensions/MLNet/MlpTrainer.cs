using System.Numerics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using TorchSharp;
using static System.FormattableString;
using static TorchSharp.torch;

namespace Focus;

/// <summary>Trains a multi-layer perceptron for multiclass classification with any of this library's optimizers.</summary>
/// <remarks>
/// <para>
/// Input: a label column, a key with at least two classes whose values are text, numbers or Booleans, and a feature column, a vector of Single
/// of known size. Output: <c>Score</c>, the class probabilities (vector of Single, slots named after the label's key values), and <c>PredictedLabel</c>, a key with
/// the label's key values (missing where no probability is a number).
/// </para>
/// <para>
/// Rows whose label is missing are left out with a warning in <c>MLContext.Log</c>. The data are held in memory. With a seed, in the
/// options or in the context, runs on the CPU repeat.
/// </para>
/// <para>Characteristics:</para>
/// <list type="table">
/// <item><term>Machine learning task</term><description>Multiclass classification</description></item>
/// <item><term>Is normalization required?</term><description>No with <see cref="Options.BatchNormalization"/>, the default; otherwise yes</description></item>
/// <item><term>Is caching required?</term><description>No</description></item>
/// <item><term>Required NuGet in addition to Microsoft.ML</term><description>Focus.MLExtensions and TorchSharp-cpu, or another native package of
/// TorchSharp</description></item>
/// <item><term>Exportable to ONNX</term><description>No</description></item>
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
    /// <returns>The trained model. After a cancellation: the model as far as it was trained, with a warning in the log.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of the wrong type.</exception>
    /// <exception cref="ArgumentException">A batch is larger than the data, or the schedule longer than the run.</exception>
    /// <exception cref="InvalidOperationException">There are no labelled rows, all have one label, or a feature is NaN or
    /// infinite.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled while data were read.</exception>
    /// <exception cref="TrainingDivergedException">The loss turned NaN or infinite.</exception>
    public MlpTransformer Fit(IDataView input, IDataView? evaluationSet)
    {
        ArgumentNullException.ThrowIfNull(input);
        var columns = ClassificationColumns.Find(input.Schema, options.FeatureColumnName, options.LabelColumnName);
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
        var valueType = label.Annotations.FirstOrDefault(annotation => annotation.Name == KeyValues.Kind).ItemType;
        var values = valueType is null ? null : KeyValueType.Require(valueType, options.LabelColumnName).Defaults(anyClasses);
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
        /// <summary>The label column: a key whose values are text, numbers or Booleans.</summary>
        public string LabelColumnName { get; init; } = "Label";

        /// <summary>The feature column: a vector of Single of known size.</summary>
        public string FeatureColumnName { get; init; } = "Features";

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
            ArgumentNullException.ThrowIfNull(HiddenWidths);
            foreach (var width in HiddenWidths) Check.AtLeast(1, width, nameof(HiddenWidths));
            if (BatchNormalization && BatchSize < 2)
                throw Check.OutOfRange(nameof(BatchSize), BatchSize, $"at least 2 with {nameof(BatchNormalization)}");
        }
    }
}

/// <summary>Reads labelled rows of a view into tensors.</summary>
internal static class ClassificationReader
{
    /// <summary>Reads the rows whose label is not missing.</summary>
    public static ClassificationData Read(IDataView data, ClassificationColumns columns, IChannel channel, CancellationToken cancellation)
    {
        using var cursor = data.GetRowCursor([columns.Features, columns.Label]);
        var readFeatures = cursor.GetGetter<VBuffer<float>>(columns.Features);
        var readLabel = KeyReader(cursor, columns.Label);
        using var rows = new RowTensor(columns.Width, data.GetRowCount());
        var labels = new List<long>();
        var features = default(VBuffer<float>);
        long skipped = 0;
        while (cursor.MoveNext())
        {
            cancellation.ThrowIfCancellationRequested();
            var label = readLabel();
            if (label == 0 || label > (ulong)columns.Classes)
            {
                skipped++;
                continue;
            }
            readFeatures(ref features);
            CopyFeatures(features, rows.Add(), columns.Features, cursor.Position);
            labels.Add((long)label - 1);
        }

        if (skipped > 0)
            channel.Warning(MessageSensitivity.Schema, "{0}",
                $"{skipped} of {skipped + labels.Count} rows were left out, as their label in column '{columns.Label.Name}' is missing.");
        if (labels.Count == 0)
            throw new InvalidOperationException(
                $"There are no rows to use: the data has {skipped} rows, none of which has a label in column '{columns.Label.Name}'.");
        return new ClassificationData(rows.ToTensor(), tensor(labels.ToArray()));
    }

    private static void CopyFeatures(in VBuffer<float> features, Span<float> target, DataViewSchema.Column column, long row)
    {
        if (features.Length != target.Length)
            throw new InvalidOperationException($"Column '{column.Name}', row {row}: expected {target.Length} features, found {features.Length}.");
        features.CopyTo(target);
        var slot = IndexOfNonFinite(target);
        if (slot >= 0)
            throw new InvalidOperationException(
                $"Column '{column.Name}', row {row}, slot {slot}: expected a finite number, found {target[slot]}. Replace or drop such values first, " +
                "for instance with ReplaceMissingValues or FilterRowsByMissingValues.");
    }

    /// <summary>The first NaN or infinity, or -1; x − x is 0 for finite numbers only.</summary>
    private static int IndexOfNonFinite(ReadOnlySpan<float> values)
    {
        var i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var vector = new Vector<float>(values[i..]);
            if (!Vector.EqualsAll(vector - vector, Vector<float>.Zero)) break;
        }
        for (; i < values.Length; i++)
            if (!float.IsFinite(values[i])) return i;
        return -1;
    }

    private static Func<ulong> KeyReader(DataViewRow row, DataViewSchema.Column column) => column.Type.RawType switch
    {
        var type when type == typeof(byte) => KeyReader<byte>(row, column),
        var type when type == typeof(ushort) => KeyReader<ushort>(row, column),
        var type when type == typeof(uint) => KeyReader<uint>(row, column),
        _ => KeyReader<ulong>(row, column),
    };

    private static Func<ulong> KeyReader<T>(DataViewRow row, DataViewSchema.Column column) where T : struct, IBinaryInteger<T>
    {
        var getter = row.GetGetter<T>(column);
        T key = default;
        return () =>
        {
            getter(ref key);
            return ulong.CreateTruncating(key);
        };
    }
}

/// <summary>A float32 matrix that grows row by row.</summary>
internal sealed class RowTensor(int width, long? expectedRows) : IDisposable
{
    /// <summary>Rows that are open for writing at a time, as a span covers at most 2 GiB.</summary>
    private readonly long windowRows = Math.Max(1, (1 << 22) / width);

    private Tensor storage = empty(Math.Max(1, expectedRows ?? 1), width);
    private Tensor? window;
    private long windowStart;
    private long count;

    /// <summary>Adds a row, to be filled through the span.</summary>
    public Span<float> Add()
    {
        if (window is null || count == windowStart + window.shape[0]) OpenWindow();
        return window!.Floats().Slice((int)(count++ - windowStart) * width, width);
    }

    /// <summary>rows × width; shares the matrix's memory.</summary>
    public Tensor ToTensor() => storage.narrow(0, 0, count);

    public void Dispose()
    {
        window?.Dispose();
        storage.Dispose();
    }

    private void OpenWindow()
    {
        if (count == storage.shape[0]) Grow();
        window?.Dispose();
        windowStart = count;
        window = storage.narrow(0, count, Math.Min(windowRows, storage.shape[0] - count));
    }

    private void Grow()
    {
        using var old = storage;
        using var room = empty(Math.Max(count, 1024), width);
        storage = cat([old, room]);
    }
}

/// <summary>The feature and the label column of data to learn a classifier from.</summary>
internal sealed record ClassificationColumns(
    DataViewSchema.Column Features, DataViewSchema.Column Label, int Width, int Classes, KeyValues? LabelValues)
{
    public static ClassificationColumns Find(DataViewSchema schema, string featureName, string labelName)
    {
        var features = ColumnRole.Features.Find(schema, featureName);
        var label = ColumnRole.Label.Find(schema, labelName);
        var key = (KeyDataViewType)label.Type;
        if (key.Count is < 2 or > int.MaxValue) throw ColumnRole.Label.Mismatch(labelName, "a key of at least 2 values", $"{key}");
        return new ClassificationColumns(features, label, ((VectorDataViewType)features.Type).Size, (int)key.Count, KeyValues.Of(label));
    }

    /// <summary>Finds columns of the same names, widths and classes in the schema of an evaluation set.</summary>
    public ClassificationColumns FindAgain(DataViewSchema schema)
    {
        var other = Find(schema, Features.Name, Label.Name);
        if (other.Width != Width) throw Evaluation(ColumnRole.Features).Mismatch(Features.Name, $"{Features.Type}", $"{other.Features.Type}");
        if (other.Classes != Classes) throw Evaluation(ColumnRole.Label).Mismatch(Label.Name, $"{Label.Type}", $"{other.Label.Type}");
        if (LabelValues is { } values && other.LabelValues is { } otherValues) RequireSame(values.Texts, otherValues.Texts);
        return other;
    }

    private void RequireSame(string[] values, string[] others)
    {
        var index = values.AsSpan().CommonPrefixLength(others);
        if (index < values.Length || index < others.Length)
            throw Evaluation(ColumnRole.Label).Mismatch(
                Label.Name, $"'{values.ElementAtOrDefault(index)}' as key value {index}, as in training", $"'{others.ElementAtOrDefault(index)}'");
    }

    private static ColumnRole Evaluation(ColumnRole role) => role with { Name = $"evaluation set's {role.Name}" };
}
