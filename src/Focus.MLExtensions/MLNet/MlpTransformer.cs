using Microsoft.ML;
using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Focus;

/// <summary>A trained multi-layer perceptron that adds the columns <c>Score</c> and <c>PredictedLabel</c>.</summary>
/// <remarks>
/// Rows are scored in blocks as cursors move, single rows in prediction engines. The network stays on the device it was trained on; loaded
/// ones are on the CPU. ML.NET's <c>PermutationFeatureImportance</c> takes the transformer, alone or in a chain, and <c>ConvertToOnnx</c> exports
/// it; there, scores that are not numbers have the key of the first class.
/// </remarks>
public sealed class MlpTransformer : NetworkTransformer<Mlp>, ISingleFeaturePredictionTransformer<Mlp>
{
    internal const string Kind = "Mlp";

    private readonly MlpConfiguration configuration;

    internal MlpTransformer(Mlp network, MlpConfiguration configuration) : base(network) => this.configuration = configuration;

    /// <summary>The column of features: a vector of Single.</summary>
    public string FeatureColumnName => configuration.FeatureColumnName;

    DataViewType ISingleFeaturePredictionTransformer<Mlp>.FeatureColumnType => new VectorDataViewType(NumberDataViewType.Single, configuration.Inputs);

    Mlp IPredictionTransformer<Mlp>.Model => Network;

    internal override string ModelKind => Kind;

    internal override void Save(ModelArchive archive)
    {
        archive.WriteJson(ModelArchive.ConfigurationName, configuration);
        archive.WriteTensors(ModelArchive.WeightsName, Network.state_dict());
    }

    internal static MlpTransformer Load(ModelArchive archive)
    {
        var configuration = archive.ReadJson<MlpConfiguration>(ModelArchive.ConfigurationName);
        configuration.Validate();
        var network = archive.ReadTensors(ModelArchive.WeightsName, configuration.ReadNetwork);
        return new MlpTransformer(network, configuration);
    }

    internal override void SaveAsOnnx(OnnxGraph graph)
    {
        var x = graph.Column(FeatureColumnName);
        var columns = ScoreColumns.Of(configuration.Classes, configuration.LabelValues);
        foreach (var layer in Network.Layers)
        {
            if (layer != Network.Layers[0]) x = graph.Relu(x, layer.Inputs);
            var (weight, bias) = layer.AffineMap();
            x = graph.Linear(x, weight, bias);
        }
        var scores = graph.AddColumn(columns[ScoreColumns.Score], "Softmax", [x], ("axis", 1L));
        graph.AddLargest(columns[ScoreColumns.PredictedLabel], scores);
    }

    private protected override RowMapping Bind(DataViewSchema inputSchema)
    {
        var features = ColumnRole.Features.Find(inputSchema, configuration.FeatureColumnName);
        if (((VectorDataViewType)features.Type).Size != configuration.Inputs)
            throw ColumnRole.Features.Mismatch(features.Name, $"a vector of {configuration.Inputs} Single, as in training", $"{features.Type}");
        // A block's features and scores take at most 16 MiB each, or are one row.
        var blockSize = Math.Clamp((1 << 22) / Math.Max(configuration.Inputs, configuration.Classes), 1, 1024);
        return new RowMapping(
            inputSchema, [features], ScoreColumns.Of(configuration.Classes, configuration.LabelValues), blockSize,
            (input, capacity) => new MlpBlock(Network, configuration, input, features, capacity));
    }
}

/// <summary>What a trained MLP is, but for its weights; part of the model file.</summary>
internal sealed record MlpConfiguration(
    string FeatureColumnName, int Inputs, int[] HiddenWidths, int Classes, bool BatchNormalization, KeyValues? LabelValues)
{
    private const string Fault = "The model's configuration is invalid";

    public void Validate()
    {
        Require(FeatureColumnName.Length > 0, "the feature column has no name");
        Require(Inputs >= 1 && Classes >= 2 && HiddenWidths.All(width => width >= 1),
            $"a network of {Inputs} inputs, hidden widths [{string.Join(", ", HiddenWidths)}] and {Classes} classes cannot be");
        int[] widths = [Inputs, .. HiddenWidths, Classes];
        Require(widths.Zip(widths.Skip(1)).All(pair => (long)pair.First * pair.Second <= long.MaxValue / sizeof(float)),
            $"layers of the widths [{string.Join(", ", widths)}] are larger than any memory");
        if (LabelValues is null) return;
        var missing = Array.IndexOf(LabelValues.Texts, null);
        Require(missing < 0, $"label value {missing} is null");
        Require(LabelValues.Texts.Length == Classes, $"{LabelValues.Texts.Length} label values do not fit {Classes} classes");
        Check.Stored(Fault, () => LabelValues.AddTo(new DataViewSchema.Annotations.Builder()));
    }

    /// <summary>Makes the network of its weights, once their shapes have turned out to be those of the configuration.</summary>
    public Mlp ReadNetwork(SafetensorsReader weights)
    {
        using (NewDisposeScope())
        using (var blueprint = Mlp.Blueprint(Inputs, HiddenWidths, Classes, BatchNormalization))
            SafetensorsEntry.RequireSame(weights.Header.Entries, blueprint.state_dict());
        var network = new Mlp(Inputs, HiddenWidths, Classes, BatchNormalization);
        try
        {
            weights.CopyTo(network.state_dict());
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    private static void Require(bool condition, string fault)
    {
        if (!condition) throw new InvalidDataException($"{Fault}: {fault}.");
    }
}

/// <summary>Rows that an MLP scores together.</summary>
internal sealed class MlpBlock(Mlp network, MlpConfiguration configuration, DataViewRow input, DataViewSchema.Column column, int capacity) : RowBlock
{
    private readonly ValueGetter<VBuffer<float>> readFeatures = input.GetGetter<VBuffer<float>>(column);
    private readonly int width = configuration.Inputs;
    private readonly int classes = configuration.Classes;
    private readonly Device device = network.parameters().First().device;
    private readonly Tensor features = empty(capacity, configuration.Inputs).DetachFromDisposeScope();
    private readonly float[] probabilities = new float[capacity * configuration.Classes];
    private VBuffer<float> row;

    public override void Read(int slot)
    {
        readFeatures(ref row);
        if (row.Length != width)
            throw new InvalidOperationException($"Column '{column.Name}', row {input.Position}: expected {width} features, found {row.Length}.");
        row.CopyTo(features.Floats().Slice(slot * width, width));
    }

    public override void Compute(int count)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var logits = network.call(features.narrow(0, 0, count).to(device));
        logits.softmax(1).cpu().Floats().CopyTo(probabilities);
    }

    public override Delegate CreateGetter(int added) => added == ScoreColumns.Score
        ? (ValueGetter<VBuffer<float>>)GetScore
        : (ValueGetter<uint>)GetPredictedLabel;

    public override void Dispose() => features.Dispose();

    private ReadOnlySpan<float> CurrentProbabilities => probabilities.AsSpan(Current * classes, classes);

    private void GetScore(ref VBuffer<float> score)
    {
        var editor = VBufferEditor.Create(ref score, classes);
        CurrentProbabilities.CopyTo(editor.Values);
        score = editor.Commit();
    }

    /// <summary>The key of the most probable class, the first of equals; missing where all probabilities are NaN.</summary>
    private void GetPredictedLabel(ref uint label)
    {
        label = 0;
        var highest = float.NegativeInfinity;
        for (var i = 0; i < classes; i++)
        {
            var probability = CurrentProbabilities[i];
            if (probability > highest) (label, highest) = ((uint)i + 1, probability);
        }
    }
}

/// <summary>The columns a classifier adds, with the annotations that ML.NET's multiclass scorers give theirs.</summary>
internal static class ScoreColumns
{
    public const int Score = 0, PredictedLabel = 1;

    /// <summary>Score and PredictedLabel.</summary>
    /// <param name="classes">The number of classes.</param>
    /// <param name="labelValues">What they stand for, or null.</param>
    public static DataViewSchema.DetachedColumn[] Of(int classes, KeyValues? labelValues)
    {
        var score = Annotations(nameof(Score));
        var predictedLabel = Annotations(nameof(PredictedLabel));
        labelValues?.AddAsSlotNames(score);
        labelValues?.AddTo(predictedLabel);
        return
        [
            new(nameof(Score), new VectorDataViewType(NumberDataViewType.Single, classes), score.ToAnnotations()),
            new(nameof(PredictedLabel), new KeyDataViewType(typeof(uint), classes), predictedLabel.ToAnnotations()),
        ];
    }

    private static DataViewSchema.Annotations.Builder Annotations(string valueKind)
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.AddPrimitiveValue("ScoreColumnKind", TextDataViewType.Instance, "MulticlassClassification".AsMemory());
        annotations.AddPrimitiveValue("ScoreValueKind", TextDataViewType.Instance, valueKind.AsMemory());
        return annotations;
    }
}
